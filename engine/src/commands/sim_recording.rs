//! A folder of `crosstick record` as the files that a simulated venue serves. Cold.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use crosstick_sim::ReplayFile;
use tempfile::TempDir;

use crate::data::Source;
use crate::data::text::OWN_FRAME;
use crate::exit::Failure;
use crate::record::format::{Part, Recorded};

/// Files with fewer frames are looked into: they may hold no frame of the venue.
const FEW_FRAMES: u64 = 1_000;

/// Copies of files that a crash cut short, as far as they are whole; they go with this.
#[derive(Debug, Default)]
pub(super) struct Cut {
    folder: Option<TempDir>,
    copies: u32,
}

impl Cut {
    /// The files of a recording, of all its venues or of the one that the source names.
    ///
    /// # Errors
    /// Usage: when it cannot be read, or has no such venue.
    pub fn files_of(&mut self, source: &Source) -> Result<Vec<ReplayFile>, Failure> {
        let recorded = Recorded::open(&source.path).map_err(Failure::usage)?;
        let mut files = Vec::new();
        for line in &recorded.lines {
            let name = &recorded.description.venues[line.venue].name;
            if source.venue.as_ref().is_some_and(|wanted| wanted != name) {
                continue;
            }
            for part in &line.parts {
                let failed = |e: io::Error| Failure::usage(format!("{}: {e}", part.path.display()));
                if has_frames(part).map_err(failed)? {
                    files.push(ReplayFile { venue: Some(name.clone()), path: self.whole(part).map_err(failed)? });
                }
            }
        }
        if files.is_empty() {
            let names: Vec<&str> = recorded.description.venues.iter().map(|v| v.name.as_str()).collect();
            let (dir, names) = (source.path.display(), names.join(", "));
            return Err(Failure::usage(format!("{dir}: no frame to serve; venues of the recording: {names}")));
        }
        Ok(files)
    }

    /// The part's file, or a copy of what is whole of it.
    fn whole(&mut self, part: &Part) -> io::Result<PathBuf> {
        if part.torn_bytes == 0 {
            return Ok(part.path.clone());
        }
        let folder = match &self.folder {
            Some(folder) => folder,
            None => self.folder.insert(TempDir::with_prefix("crosstick-recording-")?),
        };
        // Files of several recordings bear the same names.
        let name = part.path.file_name().unwrap_or_default().to_string_lossy();
        let path = folder.path().join(format!("{}-{name}", self.copies));
        self.copies += 1;
        io::copy(&mut File::open(&part.path)?.take(part.bytes), &mut File::create_new(&path)?)?;
        Ok(path)
    }
}

/// Whether a part holds a frame of the venue, and not only lines going live and down.
fn has_frames(part: &Part) -> io::Result<bool> {
    if part.bytes == 0 {
        // Broken off before its first block was whole: nothing that zstd would read.
        return Ok(false);
    }
    if part.blocks.iter().map(|b| b.frames).sum::<u64>() >= FEW_FRAMES {
        return Ok(true);
    }
    let packed = File::open(&part.path)?.take(part.bytes);
    let mut text = BufReader::new(zstd::Decoder::new(packed)?);
    let mut line = Vec::new();
    while text.read_until(b'\n', &mut line)? > 0 {
        let frame = line.iter().position(|b| *b == b' ').map_or(&line[..], |blank| &line[blank + 1..]);
        if !frame.starts_with(OWN_FRAME) {
            return Ok(true);
        }
        line.clear();
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::format::made;

    const TORN: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD, 0x04];

    fn text(path: &std::path::Path) -> String {
        String::from_utf8(zstd::decode_all(File::open(path).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn torn_files_of_one_name_are_copied_apart_and_empty_ones_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let texts = ["1700000000000000000 {\"a\":1}\n", "1700000000000000000 {\"b\":2}\n"];
        let mut cut = Cut::default();
        let mut files = Vec::new();
        for (name, frames) in ["one", "two"].iter().zip(texts) {
            let path = folder.path().join(name);
            // The last part broke off before anything of it was whole.
            made::recording(&path, &[], &[&[(frames, TORN), ("", TORN)]]);
            files.extend(cut.files_of(&Source { venue: None, symbol: None, path }).unwrap());
        }
        assert_eq!(files.iter().map(|f| text(&f.path)).collect::<Vec<_>>(), texts);
    }
}
