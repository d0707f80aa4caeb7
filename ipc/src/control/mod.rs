//! Commands into a running engine: the only way in through shared memory, on a file of its own beside the region.
//!
//! **Thread:** [`ControlCore`] belongs to the core thread, [`ControlMain`] to the main thread, a [`Commander`] to
//! whoever commands, mostly another process. **Hot:** [`ControlCore::is_called`], one relaxed load; all else is cold.
//!
//! The file is `NAME.control`, mode 0600: who may write it may also stop the process. Each of its parts has one writer:
//!
//! | offset | part | written by |
//! |---|---|---|
//! | 0 | [`CONTROL_MAGIC`] | the engine, once, before the file can be found |
//! | 8 | [`ControlHead`] under a seqlock | the same |
//! | 2048 | [`CommandRow`] under a seqlock | whoever holds the file's `flock`: one commander at a time |
//! | 2560 | [`AnswerRow`] under a seqlock | the core thread |
//! | 3072 | [`RefusalRow`] under a seqlock | the main thread |
//!
//! A command's number is the even version of its seqlock, so the word that the core looks at is the command's own, and
//! it sees a command only whole. A commander that dies while it writes leaves an odd version, which is no command; the
//! next one makes it even again. The answer names the number that it answers. A halt needs the core thread alone; a
//! resume goes by the main thread as well, which looks whether the halt file is gone.
//!
//! A file whose engine was killed stays until the next engine of that name replaces it; its head tells that its process
//! is gone. **Deliberately absent:** anything that could make the core thread wait, and trust in a byte of the file:
//! whatever it holds, the core copies one record at most, once a change.

mod commander;
mod engine;

use crosstick_ring::seqlock::cell_bytes;

pub use commander::{Answer, CommandError, Commander, Sent};
pub use engine::{Called, Control, ControlCore, ControlMain};

/// First eight bytes of the file.
pub const CONTROL_MAGIC: u64 = u64::from_le_bytes(*b"XTICKCTL");
/// Version of this layout; another one is refused.
pub const CONTROL_VERSION: u32 = 1;
/// Reads 0x04030201 where the bytes are swapped.
const BYTE_ORDER: u32 = 0x0102_0304;
/// Size of the file.
pub const CONTROL_BYTES: usize = 4096;
/// Owner alone.
const FILE_MODE: u32 = 0o600;
/// Longest path of a halt file.
const PATH_BYTES: usize = 1024;

const HEAD_AT: usize = 8;
const COMMAND_AT: usize = 2048;
const ANSWER_AT: usize = 2560;
const REFUSAL_AT: usize = 3072;

crosstick_ring::pod! {
    /// Whose control file this is. Written once.
    pub struct ControlHead {
        /// [`CONTROL_VERSION`].
        pub version: u32,
        /// Tells the byte order.
        pub byte_order: u32,
        /// [`CONTROL_BYTES`].
        pub bytes: u64,
        /// Process id of the engine.
        pub pid: u64,
        /// Its start time in clock ticks since boot (`/proc/PID/stat`, field 22).
        pub start_ticks: u64,
        /// The boot that counts from.
        pub boot_id: [u8; 16],
        /// Wall time of the start, ns since the epoch.
        pub started_ns: u64,
        /// 1 where the halt file goes when the engine ends, as the demo's does; 0 where it lasts over a restart.
        pub passing: u64,
        /// Absolute path of the engine's halt file, zero-padded; empty where it is longer.
        pub halt_file: [u8; 1024],
    }

    /// A command.
    pub struct CommandRow {
        /// Number of the [`CommandKind`](crosstick_model::CommandKind).
        pub kind: u64,
        /// The commander's wall time, ns since the epoch.
        pub sent_ns: u64,
        /// The commander's process id.
        pub pid: u64,
        /// Why, UTF-8, zero-padded.
        pub reason: [u8; 192],
    }

    /// The core's answer.
    pub struct AnswerRow {
        /// Number of the command.
        pub command: u64,
        /// When the core took it, its wall time, ns since the epoch.
        pub taken_ns: u64,
        /// Number of the [`CommandOutcome`](crosstick_model::CommandOutcome).
        pub outcome: u64,
        /// Orders sent before it was taken.
        pub orders_sent: u64,
        /// Of those, how many are still open.
        pub orders_open: u64,
    }

    /// The main thread's refusal of a command that the core was not told of.
    pub struct RefusalRow {
        /// Number of the command.
        pub command: u64,
        /// Number of the [`CommandOutcome`](crosstick_model::CommandOutcome).
        pub outcome: u64,
    }
}

const _: () = {
    assert!(HEAD_AT + cell_bytes::<ControlHead>() <= COMMAND_AT);
    assert!(COMMAND_AT + cell_bytes::<CommandRow>() <= ANSWER_AT);
    assert!(ANSWER_AT + cell_bytes::<AnswerRow>() <= REFUSAL_AT);
    assert!(REFUSAL_AT + cell_bytes::<RefusalRow>() <= CONTROL_BYTES);
    assert!(crosstick_model::command::REASON_BYTES == 192 && PATH_BYTES == 1024);
};
