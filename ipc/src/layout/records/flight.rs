//! The flight recorder: the worst ticks with every stamp of their way, and loop turns that took too long.

use crate::layout::describe::{PLAIN, RESERVED, TEXT, TIME, bits, of_enum, records, refers, unit};

/// Bits of [`WorstTickRow::reached`].
pub struct Reached;

impl Reached {
    /// The kernel told when it received the bytes.
    pub const KERNEL: u32 = 1;
    /// The reader's stamp behind the read was found.
    pub const DECODED: u32 = 2;
    /// The core took it.
    pub const TAKEN: u32 = 4;
    /// The strategy answered with intents.
    pub const DECIDED: u32 = 8;
    /// Risk answered.
    pub const GATED: u32 = 16;
    /// A gateway has the orders.
    pub const SENT: u32 = 32;
    /// The first report of the first order came.
    pub const ACKNOWLEDGED: u32 = 64;

    const NAMES: &'static [(&'static str, u32)] = &[
        ("kernel", Self::KERNEL),
        ("decoded", Self::DECODED),
        ("taken", Self::TAKEN),
        ("decided", Self::DECIDED),
        ("gated", Self::GATED),
        ("sent", Self::SENT),
        ("acknowledged", Self::ACKNOWLEDGED),
    ];
}

records! {
    /// One of the ticks of this run that took longest from the socket read to the last stage of their way; the rows are
    /// in no order. Written by the core thread.
    pub struct WorstTickRow {
        /// From the socket read to the last of taken, decided, gated and sent; 0: the row is free.
        pub total_ns: u64 = unit("ns"),
        /// When its bytes were read.
        pub recv_ns: u64 = TIME,
        /// The venue's number of it.
        pub venue_seq: u64 = PLAIN,
        /// The instrument.
        pub instrument: u32 = refers("instruments"),
        /// What it is.
        pub kind: u32 = of_enum("tick_kind"),
        /// The line that brought it.
        pub line: u32 = PLAIN,
        /// Ticks of the same socket read; 0: not known.
        pub read_ticks: u32 = PLAIN,
        /// Which of the stamps below there are.
        pub reached: u32 = bits(Reached::NAMES),
        /// What it led to.
        pub led_to: u32 = of_enum("led_to"),
        /// Why risk denied it; 4294967295: it did not.
        pub code: u32 = of_enum("deny_code"),
        /// Orders that a gateway took.
        pub orders: u32 = PLAIN,
        /// The first of those orders.
        pub first_order: u64 = PLAIN,
        /// From the kernel's receive time of the newest packet of the read to the read.
        pub kernel_ns: u64 = unit("ns"),
        /// From the read until all ticks of the read were in the ring.
        pub decoded_ns: u64 = unit("ns"),
        /// From the read until the core took it.
        pub taken_ns: u64 = unit("ns"),
        /// From the read until the strategy's first intents were out.
        pub decided_ns: u64 = unit("ns"),
        /// From the read until risk's verdict on them.
        pub gated_ns: u64 = unit("ns"),
        /// From the read until a gateway had their orders.
        pub sent_ns: u64 = unit("ns"),
        /// From the read until the core took the first report of the first order.
        pub acknowledged_ns: u64 = unit("ns"),
    }

    /// Turns of a hot thread's loop that took longer than a limit, by whose doing that was. Written by that thread.
    pub struct TurnRow {
        /// The thread.
        pub thread: [u8; 24] = TEXT,
        /// From how long on a turn counts.
        pub limit_ns: u64 = unit("ns"),
        /// Turns with work of ours in which the kernel did not take the processor away.
        pub work: u64 = PLAIN,
        /// The longest of those.
        pub work_worst_ns: u64 = unit("ns"),
        /// All of those together.
        pub work_total_ns: u64 = unit("ns"),
        /// Turns in which the kernel gave the processor to something else.
        pub preempted: u64 = PLAIN,
        /// The longest of those.
        pub preempted_worst_ns: u64 = unit("ns"),
        /// All of those together.
        pub preempted_total_ns: u64 = unit("ns"),
        /// Turns without work of ours in which the kernel did not take the processor away: an interrupt, the
        /// hypervisor, the firmware.
        pub stalled: u64 = PLAIN,
        /// The longest of those.
        pub stalled_worst_ns: u64 = unit("ns"),
        /// All of those together.
        pub stalled_total_ns: u64 = unit("ns"),
        /// When the newest of all ended.
        pub newest_ns: u64 = TIME,
        /// Zero.
        pub reserved: u64 = RESERVED,
    }
}

impl TurnRow {
    /// A thread none of whose turns was overlong yet.
    #[must_use]
    pub fn of(thread: &str, limit_ns: u64) -> Self {
        Self { thread: crate::layout::fixed_text(thread), limit_ns, ..Self::ZERO }
    }

    /// Overlong turns of all kinds.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.work + self.preempted + self.stalled
    }
}
