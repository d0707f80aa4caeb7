//! Finished points on disk, so that a sweep that was killed goes on where it was. Cold.
//!
//! `points.jsonl`: a line that says what the points are of, and a line a point. A line that a kill cut off is dropped;
//! what was written of one that the disk refused is cut off at once. Any other line that cannot be read stays where it
//! is, and is told.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use crate::backtest::measure::Measures;
use crate::exit::Failure;

/// Name of the file.
pub const FILE: &str = "points.jsonl";
/// Longer than any line of ours.
const LINE_BYTES_MAX: u64 = 16 << 20;
/// Version of its lines.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    sweep: u32,
    fingerprint: String,
    /// What it is made of: name and hash. Files of earlier builds have none.
    #[serde(default)]
    parts: Vec<(String, String)>,
}

/// A finished point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its settings, by key.
    pub set: BTreeMap<String, String>,
    /// What it came to: one of the whole session, or one a part of a walk-forward.
    pub parts: Vec<Measures>,
}

/// The file, open and locked.
pub struct Kept {
    path: PathBuf,
    pen: Mutex<Pen<File>>,
    /// What was finished before, by settings.
    pub before: BTreeMap<BTreeMap<String, String>, Vec<Measures>>,
    /// Lines that cannot be read, and the number of the first, counted from 1.
    unread: Option<(u64, u64)>,
}

impl Kept {
    /// Opens the file in `dir`, or begins it. A file that is refused is left as it is.
    ///
    /// # Errors
    /// When it is of another config, data or build, another sweep writes it, or the disk refuses.
    pub fn open(dir: &Path, fingerprint: &Fingerprint) -> Result<Self, Failure> {
        let path = dir.join(FILE);
        let failed = |e: io::Error| Failure::other(format!("{}: {e}", path.display()));
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::other(format!(
                    "{}: another sweep is writing it; wait for its end",
                    path.display()
                )));
            }
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
        let parts = fingerprint.parts.clone();
        let ours = line_of(&Head { sweep: FORMAT, fingerprint: fingerprint.whole.clone(), parts }).map_err(failed)?;
        let foreign = || Failure::usage(format!("{}: this is no sweep's file; name another --out", path.display()));
        let mut before = BTreeMap::new();
        let mut unread: Option<(u64, u64)> = None;
        let mut reader = BufReader::new(&file);
        let (mut text, mut whole, mut number) = (Vec::new(), 0u64, 0u64);
        let mut head: Option<Head> = None;
        // There is something behind the last end of a line that is not to be cut off.
        let mut open_end = false;
        loop {
            let Span { bytes, ended } = read_line(&mut reader, &mut text).map_err(failed)?;
            number += 1;
            if head.is_none() && !ended {
                // A first line that was cut off is ours only if it would have become the one that we write.
                if !ours.starts_with(&text) {
                    return Err(foreign());
                }
                break;
            }
            if head.is_none() {
                let found: Head = serde_json::from_slice(&text).map_err(|_| foreign())?;
                if found.sweep != FORMAT || found.fingerprint != fingerprint.whole {
                    return Err(Failure::usage(format!(
                        "{}: {}; its points do not belong to this sweep: name another --out, or remove the file and \
                         the results beside it",
                        path.display(),
                        fingerprint.differs(&found.parts)
                    )));
                }
                head = Some(found);
            } else {
                match serde_json::from_slice::<Line>(&text) {
                    Ok(line) if ended => drop(before.insert(line.set, line.parts)),
                    // Nothing is missing of it but its end.
                    Ok(_) => break,
                    // As a kill leaves it.
                    Err(e) if !ended && e.is_eof() && bytes <= LINE_BYTES_MAX => break,
                    Err(_) => unread = Some(unread.map_or((1, number), |(count, first)| (count + 1, first))),
                }
            }
            whole += bytes;
            if !ended {
                open_end = true;
                break;
            }
        }
        // It is ours: what a kill cut off goes.
        file.set_len(whole).map_err(failed)?;
        file.seek(SeekFrom::Start(whole)).map_err(failed)?;
        let mut pen = Pen { paper: file, whole, torn: false };
        if head.is_none() {
            pen.write(&ours).map_err(failed)?;
        }
        if open_end {
            pen.write(b"\n").map_err(failed)?;
        }
        Ok(Self { path: path.clone(), pen: Mutex::new(pen), before, unread })
    }

    /// What a user should know of lines that cannot be read.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let (count, first) = self.unread?;
        let (path, left) = (self.path.display(), self.before.len());
        let what = if count == 1 {
            format!("line {first} cannot be read, and is passed over")
        } else {
            format!("{count} lines cannot be read, the first is line {first}, and are passed over")
        };
        Some(format!("{path}: {what}; {left} points can, and what is not among them is computed again"))
    }

    /// Keeps a finished point. Any thread may call it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep(&self, line: &Line) -> Result<(), Failure> {
        let mut pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        let written = line_of(line).and_then(|text| pen.write(&text));
        written.map_err(|e| Failure::other(format!("{}: {e}", self.path.display())))
    }
}

/// That results may go to `dir`: a sweep was begun there, or there is no file of any of these `names`, which somebody
/// would miss, or take for results of this sweep.
///
/// # Errors
/// Usage: which files are in the way, and what to do; or the sweep's file cannot be looked at.
pub fn allow(dir: &Path, names: &[&str]) -> Result<(), Failure> {
    let path = dir.join(FILE);
    if fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
        return Err(Failure::usage(format!("{}: it is no file; name another --out, or move it away", path.display())));
    }
    if begun(&path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))? {
        return Ok(());
    }
    let there: Vec<&str> = names.iter().copied().filter(|name| dir.join(name).symlink_metadata().is_ok()).collect();
    if there.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{}: {} would be taken for results of this sweep, but no {FILE} of a sweep is beside them: name another --out, \
         or move them away",
        dir.display(),
        there.join(", ")
    )))
}

/// Whether the file begins with a whole line of ours, of whatever sweep.
fn begun(path: &Path) -> io::Result<bool> {
    let file = match fs::metadata(path) {
        Ok(about) if about.is_file() => File::open(path)?,
        // Opening what is no file might never end.
        Ok(_) => return Ok(false),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(false),
        Err(e) => return Err(e),
    };
    let mut line = Vec::new();
    BufReader::new(file).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok(line.ends_with(b"\n") && serde_json::from_slice::<Head>(&line).is_ok())
}

/// What was read of a file.
struct Span {
    bytes: u64,
    /// Up to the end of a line.
    ended: bool,
}

/// Reads a line, of which `text` gets no more than [`LINE_BYTES_MAX`].
fn read_line(from: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<Span> {
    text.clear();
    let mut read = Span { bytes: 0, ended: false };
    while !read.ended {
        let there = match from.fill_buf() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            there => there?,
        };
        if there.is_empty() {
            break;
        }
        let end = there.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(there.len(), |at| at + 1);
        let room = usize::try_from(LINE_BYTES_MAX).unwrap_or(usize::MAX) - text.len();
        text.extend_from_slice(&there[..taken.min(room)]);
        from.consume(taken);
        read = Span { bytes: read.bytes + taken as u64, ended: end.is_some() };
    }
    Ok(read)
}

fn line_of(line: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}

/// What lines are written to: a file, and in tests a disk that is full.
trait Paper: Write + Seek {
    /// Cuts off what is behind so many bytes.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;
}

impl Paper for File {
    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }
}

/// Writes whole lines, or nothing.
struct Pen<P> {
    paper: P,
    /// Bytes of whole lines.
    whole: u64,
    /// There may be a part of a line behind them.
    torn: bool,
}

impl<P: Paper> Pen<P> {
    /// One write a line: what a kill leaves is whole lines and at most a part of the last one. What follows that part
    /// would be lost with it, so it goes before anything else is written.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.mend()?;
        }
        let Err(error) = self.paper.write_all(line) else {
            self.whole += line.len() as u64;
            return Ok(());
        };
        self.torn = true;
        match self.mend() {
            Ok(()) => Err(error),
            Err(mending) => Err(io::Error::new(
                error.kind(),
                format!("{error}; a part of a point that was written cannot be cut off: {mending}"),
            )),
        }
    }

    fn mend(&mut self) -> io::Result<()> {
        self.paper.cut(self.whole)?;
        self.paper.seek(SeekFrom::Start(self.whole))?;
        self.torn = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Code;

    fn fingerprint(data: &str) -> Fingerprint {
        Fingerprint::of(vec![("the config".into(), "c0".into()), ("the data a.csv".into(), data.into())])
    }

    #[test]
    fn a_file_that_is_refused_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        drop(Kept::open(dir.path(), &fingerprint("d0")).unwrap_or_else(|e| panic!("{e}")));
        let mut text = fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"set\":{\"a\":\"1\"},\"parts\":[]}\n{\"set\":{\"a\":\"2\"},\"par");
        fs::write(&path, &text).unwrap();
        let refused = |data: &str| {
            let failure = Kept::open(dir.path(), &fingerprint(data)).err().expect("other data");
            assert_eq!(failure.code, Code::Usage);
            failure.to_string()
        };
        let said = refused("d1");
        assert!(
            said.contains("the data a.csv") && !said.contains("config") && said.contains("another --out"),
            "{said}"
        );
        assert_eq!(fs::read(&path).unwrap(), text, "not a byte of it is lost");
        // Files of earlier builds do not say of what their points are.
        fs::write(&path, "{\"sweep\":1,\"fingerprint\":\"00\"}\n{\"set\"").unwrap();
        assert!(refused("d0").contains("another config, other data"), "{}", refused("d0"));
        let one_line = "{\"sweep\": 5, \"rooms\": [\"hall\"]}";
        let cut_off = "{\"sweep\":1,\"fingerprint\":\"00";
        for foreign in [
            "mine",
            "mine\n",
            "{\"sweep\":\"none\"}\n",
            "{\"swap",
            "\u{e4}\n",
            one_line,
            &one_line.replace(' ', ""),
            "{\"sweep\":[1,2,3]}",
            cut_off,
        ] {
            fs::write(&path, foreign).unwrap();
            assert!(refused("d0").contains("no sweep's file"), "{foreign:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), foreign);
        }
    }

    #[test]
    fn what_a_kill_cut_off_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        drop(Kept::open(dir.path(), &fingerprint("d0")).unwrap_or_else(|e| panic!("{e}")));
        let head = fs::read(&path).unwrap();
        let line = b"{\"set\":{\"a\":\"1\"},\"parts\":[]}\n";
        for cut in [0, 1, line.len() - 1] {
            fs::write(&path, [&head[..], line, &line[..cut]].concat()).unwrap();
            let kept = Kept::open(dir.path(), &fingerprint("d0")).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(kept.before.len(), 1);
            assert_eq!(fs::read(&path).unwrap(), [&head[..], line].concat());
        }
        for cut in [0, 1, 9, head.len() - 1] {
            fs::write(&path, &head[..cut]).unwrap();
            drop(Kept::open(dir.path(), &fingerprint("d0")).unwrap_or_else(|e| panic!("{e}")));
            assert_eq!(fs::read(&path).unwrap(), head);
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_takes_no_other_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        drop(Kept::open(dir.path(), &fingerprint("d0")).unwrap_or_else(|e| panic!("{e}")));
        let head = fs::read(&path).unwrap();
        let line = |n: u32| format!("{{\"set\":{{\"a\":\"{n}\"}},\"parts\":[]}}\n");
        let more = Line { set: BTreeMap::from([("a".into(), "9".into())]), parts: Vec::new() };
        let long = "a".repeat(usize::try_from(LINE_BYTES_MAX).unwrap() + 1);
        // As a fault of the disk or an editor leaves them: in the midst or, without its end, at the end.
        for bad in
            ["{\"set\":{\"a\"\"1\"},\"parts\":[]}", "\0\0\0", "", "{\"set\":", &line(1).trim_end().repeat(2), &long]
        {
            let shown = &bad[..bad.len().min(40)];
            for (text, points) in [
                (format!("{}{bad}\n{}{bad}\n{}", line(1), line(2), line(3)), 3),
                (format!("{}{}{bad}", line(1), line(2)), 2),
            ] {
                fs::write(&path, [&head, text.as_bytes()].concat()).unwrap();
                let kept = Kept::open(dir.path(), &fingerprint("d0")).unwrap_or_else(|e| panic!("{e}"));
                assert_eq!(kept.before.len(), points, "{shown:?}");
                // What a kill cuts off is nothing to tell of; all else is left where it is.
                let told = kept.told().unwrap_or_default();
                let torn = points == 2 && matches!(bad, "" | "{\"set\":");
                let says = if points == 3 { "2 lines cannot be read, the first is line 3" } else { "line 4 cannot be" };
                assert!(if torn { told.is_empty() } else { told.contains(says) }, "{shown:?}: {told}");
                assert!(torn || fs::read_to_string(&path).unwrap().contains(&text), "{shown:?}");
                kept.keep(&more).unwrap_or_else(|e| panic!("{e}"));
                drop(kept);
                let kept = Kept::open(dir.path(), &fingerprint("d0")).unwrap_or_else(|e| panic!("{e}"));
                assert_eq!(kept.before.len(), points + 1, "{shown:?}");
            }
        }
    }

    #[test]
    fn of_a_line_without_an_end_only_so_much_is_kept() {
        let mut endless = BufReader::new(io::repeat(b'a').take(3 * LINE_BYTES_MAX));
        let mut text = Vec::new();
        let Span { bytes, ended } = read_line(&mut endless, &mut text).unwrap();
        assert_eq!((bytes, ended, text.len() as u64), (3 * LINE_BYTES_MAX, false, LINE_BYTES_MAX));
    }

    /// A disk with room for so many bytes, which may not let go of any.
    struct Disk {
        file: io::Cursor<Vec<u8>>,
        room: usize,
        stuck: bool,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let left = self.room.saturating_sub(self.file.get_ref().len()).min(bytes.len());
            if left == 0 { Err(io::ErrorKind::StorageFull.into()) } else { self.file.write(&bytes[..left]) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Disk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.file.seek(to)
        }
    }

    impl Paper for Disk {
        fn cut(&mut self, bytes: u64) -> io::Result<()> {
            if self.stuck {
                return Err(io::ErrorKind::ReadOnlyFilesystem.into());
            }
            self.file.get_mut().truncate(usize::try_from(bytes).unwrap());
            Ok(())
        }
    }

    #[test]
    fn what_follows_a_write_that_failed_is_kept() {
        let disk = Disk { file: io::Cursor::new(Vec::new()), room: 12, stuck: false };
        let mut pen = Pen { paper: disk, whole: 0, torn: false };
        pen.write(b"first\n").unwrap();
        let error = pen.write(b"too long\n").expect_err("a full disk");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(pen.paper.file.get_ref(), b"first\n");
        pen.write(b"short\n").unwrap();
        pen.paper.room = 15;
        pen.paper.stuck = true;
        for _ in 0..2 {
            let error = pen.write(b"again\n").expect_err("a disk that is stuck").to_string();
            let written = pen.paper.file.get_ref().as_slice();
            assert_eq!(written, b"first\nshort\naga", "nothing is written behind a part of a line: {error}");
            assert!(error.contains("read-only"), "{error}");
        }
        pen.paper.room = 100;
        pen.paper.stuck = false;
        pen.write(b"again\n").unwrap();
        assert_eq!(pen.paper.file.get_ref(), b"first\nshort\nagain\n");
    }
}
