//! The stages of a tick's way that the core thread and the readers measure. Hot where it records.

use crosstick_ipc::{Recorder, Stage};

/// Stages that the core thread measures, in the order of [`Stages`].
pub const CORE_STAGES: [Stage<'static>; 6] = [
    stage("reach_core", "socket read", "taken by the core"),
    stage("decide", "taken by the core", "intents out of the strategy"),
    stage("gate", "intents out of the strategy", "risk's verdict"),
    stage("send", "risk's verdict", "order with the paper gateway"),
    stage("tick_to_order", "socket read", "order with the paper gateway"),
    stage("acknowledge", "order with the paper gateway", "its first report taken by the core"),
];

/// Stages that each reader thread measures, in the order of [`ReaderStages`].
pub const READER_STAGES: [Stage<'static>; 2] = [
    Stage { name: "kernel", from: "packet received by the kernel", to: "socket read", thread: "reader" },
    Stage { name: "decode", from: "socket read", to: "all ticks of the read in the ring", thread: "reader" },
];

const fn stage(name: &'static str, from: &'static str, to: &'static str) -> Stage<'static> {
    Stage { name, from, to, thread: "core" }
}

/// The core thread's histograms.
#[derive(Debug)]
pub struct Stages {
    /// Socket read to taken by the core.
    pub reach_core: Recorder,
    /// Taken to intents out, for inputs that led to some.
    pub decide: Recorder,
    /// Intents out to verdict.
    pub gate: Recorder,
    /// Verdict to the gateway.
    pub send: Recorder,
    /// Socket read to the gateway.
    pub tick_to_order: Recorder,
    /// The gateway to its first report.
    pub acknowledge: Recorder,
}

impl Stages {
    /// From the region's histograms, in the order of [`CORE_STAGES`].
    #[must_use]
    pub fn from_recorders(mut recorders: impl Iterator<Item = Recorder>) -> Option<Self> {
        Some(Self {
            reach_core: recorders.next()?,
            decide: recorders.next()?,
            gate: recorders.next()?,
            send: recorders.next()?,
            tick_to_order: recorders.next()?,
            acknowledge: recorders.next()?,
        })
    }

    /// In plain memory, which nobody else sees.
    #[must_use]
    pub fn local() -> Self {
        let new = Recorder::local;
        Self { reach_core: new(), decide: new(), gate: new(), send: new(), tick_to_order: new(), acknowledge: new() }
    }
}

/// A reader thread's histograms.
#[derive(Debug)]
pub struct ReaderStages {
    /// Received by the kernel to socket read, where the kernel tells.
    pub kernel: Recorder,
    /// Socket read to all its ticks in the ring.
    pub decode: Recorder,
}

impl ReaderStages {
    /// From the region's histograms, in the order of [`READER_STAGES`].
    #[must_use]
    pub fn from_recorders(mut recorders: impl Iterator<Item = Recorder>) -> Option<Self> {
        Some(Self { kernel: recorders.next()?, decode: recorders.next()? })
    }

    /// In plain memory, which nobody else sees.
    #[must_use]
    pub fn local() -> Self {
        Self { kernel: Recorder::local(), decode: Recorder::local() }
    }
}
