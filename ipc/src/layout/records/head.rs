//! The head of a region.

use crate::layout::describe::{PLAIN, RESERVED, TEXT, TIME, of_enum, records, unit};

records! {
    /// The first 256 bytes, at offsets that never move. All but the heartbeat and the state is written before the
    /// region can be found, and never again.
    pub struct Head {
        /// `XTICKSHM`.
        pub magic: [u8; 8] = TEXT,
        /// Raised when a field changes its meaning or its place; readers refuse other versions.
        pub layout_version: u32 = PLAIN,
        /// 0x01020304 as the writer's processor stores it; readers refuse another order.
        pub byte_order: u32 = PLAIN,
        /// Bytes of this head.
        pub head_bytes: u32 = unit("bytes"),
        /// Zero.
        pub reserved: u32 = RESERVED,
        /// Bytes of the whole region; a shorter file is cut off.
        pub region_bytes: u64 = unit("bytes"),
        /// Where the schema begins, in bytes from the begin of the region.
        pub schema_offset: u64 = unit("bytes"),
        /// Bytes of the schema: UTF-8 JSON without a NUL.
        pub schema_bytes: u64 = unit("bytes"),
        /// Counts the owners of this name: the former owner's plus one.
        pub generation: u64 = PLAIN,
        /// Zero.
        pub reserved_too: u64 = RESERVED,
        /// Process id of the owner.
        pub pid: u64 = PLAIN,
        /// When the owner started, in clock ticks since boot (`/proc/PID/stat`, field 22): tells it from a later
        /// process of the same number.
        pub start_ticks: u64 = unit("clock ticks since boot"),
        /// The boot that counts from (`/proc/sys/kernel/random/boot_id`).
        pub boot_id: [u8; 16] = PLAIN,
        /// Wall time of the start.
        pub started_ns: u64 = TIME,
        /// Zeros.
        pub reserved_line: [u64; 3] = RESERVED,
        /// Wall time of the last sign of life of the main thread, renewed at least once a second.
        pub heartbeat_ns: u64 = TIME,
        /// What the engine does, as its main thread sees it.
        pub state: u64 = of_enum("state"),
        /// Zeros.
        pub reserved_end: [u64; 14] = RESERVED,
    }
}

// What is written while others read lies on a line pair of its own.
const _: () = assert!(core::mem::offset_of!(Head, heartbeat_ns) == 128);
