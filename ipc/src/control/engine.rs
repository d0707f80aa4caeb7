//! The engine's side: makes the file, takes commands, answers.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use crosstick_model::{CommandKind, CommandOutcome, Reason};

use super::{
    ANSWER_AT, AnswerRow, BYTE_ORDER, COMMAND_AT, CONTROL_BYTES, CONTROL_MAGIC, CONTROL_VERSION, CommandRow,
    ControlHead, FILE_MODE, HEAD_AT, PATH_BYTES, REFUSAL_AT, RefusalRow,
};
use crate::error::RegionError;
use crate::identity::ProcessIdentity;
use crate::place::Place;
use crate::sys::{Carver, CellReader, CellWriter, Map, allocate};

/// Copies that are tried of a command that changes under the copy: the next turn looks again.
const ATTEMPTS: u32 = 4;

/// The engine's handles.
#[derive(Debug)]
pub struct Control {
    /// For the core thread.
    pub core: ControlCore,
    /// For the main thread; removes the file when it is dropped.
    pub main: ControlMain,
}

impl Control {
    /// Makes the control file of the region at `place`, in place of a dead engine's. The caller owns that region.
    ///
    /// `halt_file` is what a commander may write when the engine does not answer; `now_ns` is wall time.
    ///
    /// # Errors
    /// [`RegionError::Foreign`] when something else has that name; otherwise what the system says.
    pub fn create(place: &Place, halt_file: &Path, now_ns: u64) -> Result<Self, RegionError> {
        Self::create_with(place, halt_file, now_ns, false)
    }

    /// As [`Control::create`]; `passing`: the halt file goes when the engine ends, so a halt does not outlast it.
    ///
    /// # Errors
    /// As [`Control::create`].
    pub fn create_with(place: &Place, halt_file: &Path, now_ns: u64, passing: bool) -> Result<Self, RegionError> {
        let (path, new) = (place.control_path(), place.new_control_path());
        refuse_foreign(&path)?;
        let file = new_file(&new)?;
        let built = Self::build(&file, halt_file, now_ns, passing).map_err(|e| RegionError::from_io("map", &new, 0, e));
        let renamed = built.and_then(|built| {
            fs::rename(&new, &path).map_err(|e| RegionError::from_io("rename", &new, 0, e))?;
            Ok(built)
        });
        let (core, command, refusal) = renamed.inspect_err(|_| {
            // Left behind it would do no harm; the next start replaces it anyway.
            let _ = fs::remove_file(&new);
        })?;
        let meta = file.metadata().map_err(|e| RegionError::from_io("look at", &path, 0, e))?;
        let main = ControlMain { command, refusal, seen: 0, path, inode: (meta.dev(), meta.ino()) };
        Ok(Self { core, main })
    }

    fn build(file: &File, halt_file: &Path, now_ns: u64, passing: bool) -> std::io::Result<Built> {
        let mut carver = Carver::new(file, CONTROL_BYTES)?;
        let map = Map::read_only(file)?;
        let process = ProcessIdentity::this();
        let mut head = ControlHead {
            version: CONTROL_VERSION,
            byte_order: BYTE_ORDER,
            bytes: CONTROL_BYTES as u64,
            pid: u64::from(process.pid),
            start_ticks: process.start_ticks,
            boot_id: process.boot_id,
            started_ns: now_ns,
            passing: u64::from(passing),
            ..ControlHead::ZERO
        };
        let halt_file = halt_file.as_os_str().as_bytes();
        if halt_file.len() < PATH_BYTES {
            head.halt_file[..halt_file.len()].copy_from_slice(halt_file);
        }
        let built = carver.words(0, 1).and_then(|magic| {
            magic.get().first()?.store(CONTROL_MAGIC, Ordering::Relaxed);
            carver.cell(HEAD_AT)?.write(&head);
            let answer = carver.cell(ANSWER_AT)?;
            let refusal = carver.cell(REFUSAL_AT)?;
            let command = map.reader(COMMAND_AT)?;
            Some((ControlCore { command: command.clone(), answer, seen: 0 }, command, refusal))
        });
        built.ok_or_else(|| std::io::Error::other("the parts do not fit the file; this is a bug"))
    }
}

type Built = (ControlCore, CellReader<CommandRow>, CellWriter<RefusalRow>);

/// A file that is not ours is never replaced, whoever may.
fn refuse_foreign(path: &Path) -> Result<(), RegionError> {
    let foreign = |why| Err(RegionError::Foreign { path: path.to_path_buf(), why });
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(RegionError::from_io("look at", path, 0, error)),
    };
    if !meta.is_file() {
        return foreign("not a file");
    }
    let mut first = [0; 8];
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let mut file = opened.map_err(|e| RegionError::from_io("open", path, 0, e))?;
    match file.read_exact(&mut first) {
        Ok(()) if u64::from_le_bytes(first) == CONTROL_MAGIC => Ok(()),
        Ok(()) => foreign("its first bytes are others"),
        // Of a file system that was full.
        Err(_) if meta.len() == 0 => Ok(()),
        Err(_) => foreign("too short"),
    }
}

fn new_file(path: &Path) -> Result<File, RegionError> {
    let fail = |action, error| RegionError::from_io(action, path, CONTROL_BYTES as u64, error);
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail("remove", error)),
        _ => {}
    }
    // A new file only: nobody else can have it open, and no link is followed.
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).mode(FILE_MODE).open(path);
    let file = file.map_err(|e| fail("create", e))?;
    let sized =
        file.set_permissions(Permissions::from_mode(FILE_MODE)).and_then(|()| allocate(&file, CONTROL_BYTES as u64));
    if let Err(error) = sized {
        let _ = fs::remove_file(path);
        return Err(fail("take room for", error));
    }
    Ok(file)
}

/// A command as it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called {
    /// Its number, to be answered.
    pub number: u64,
    /// `None`: none that is known.
    pub kind: Option<CommandKind>,
    /// Why.
    pub reason: Reason,
    /// When it was given, by the commander's wall clock, ns since the epoch.
    pub sent_ns: u64,
}

/// The command behind a version that was not seen yet; each is taken once. An odd version is a command that is being
/// written, or whose writer is dead: nothing to take until it changes.
fn take(command: &CellReader<CommandRow>, seen: &mut u64) -> Option<Called> {
    let number = command.version();
    if number == *seen {
        return None;
    }
    if number & 1 != 0 {
        *seen = number;
        return None;
    }
    let row = command.try_read(ATTEMPTS)?;
    if command.version() != number {
        return None;
    }
    *seen = number;
    Some(Called {
        number,
        kind: CommandKind::from_number(row.kind),
        reason: Reason::from_bytes(&row.reason),
        sent_ns: row.sent_ns,
    })
}

/// The core thread's handle.
#[derive(Debug)]
pub struct ControlCore {
    command: CellReader<CommandRow>,
    answer: CellWriter<AnswerRow>,
    seen: u64,
}

impl ControlCore {
    /// Whether there may be something to [`Self::take`]: one relaxed load.
    #[inline(always)]
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.command.version() != self.seen
    }

    /// The command, once.
    #[cold]
    pub fn take(&mut self) -> Option<Called> {
        take(&self.command, &mut self.seen)
    }

    /// Tells the commander. Never waits.
    pub fn answer(&mut self, answer: &AnswerRow) {
        self.answer.write(answer);
    }
}

/// The main thread's handle; removes the file when it is dropped.
#[derive(Debug)]
pub struct ControlMain {
    command: CellReader<CommandRow>,
    refusal: CellWriter<RefusalRow>,
    seen: u64,
    path: PathBuf,
    inode: (u64, u64),
}

impl ControlMain {
    /// The newest command, once.
    pub fn take(&mut self) -> Option<Called> {
        take(&self.command, &mut self.seen)
    }

    /// Tells the commander that the core will not be told.
    pub fn refuse(&mut self, number: u64, outcome: CommandOutcome) {
        self.refusal.write(&RefusalRow { command: number, outcome: outcome as u64 });
    }
}

impl Drop for ControlMain {
    fn drop(&mut self) {
        let there = fs::symlink_metadata(&self.path).map(|m| (m.dev(), m.ino()));
        if there.is_ok_and(|inode| inode == self.inode) {
            // What stays is known by its head to be a dead engine's.
            let _ = fs::remove_file(&self.path);
        }
    }
}
