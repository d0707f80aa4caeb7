//! A watch on every subscription: which streams have brought data since they were acknowledged.
//!
//! An acknowledgement proves nothing: Binance acknowledges names that do not exist and then stays silent.

/// The streams of one connection.
#[derive(Debug, Default)]
pub struct StreamWatch {
    heard: Vec<bool>,
    waiting: usize,
    deadline_ns: u64,
}

impl StreamWatch {
    /// Waits for `streams` streams from now on; no deadline yet.
    pub fn start(&mut self, streams: usize) {
        self.heard.clear();
        self.heard.resize(streams, false);
        self.waiting = streams;
        self.deadline_ns = u64::MAX;
    }

    /// Whether any stream is still silent. Hot, and mostly false after the first seconds.
    #[inline]
    #[must_use]
    pub const fn waiting(&self) -> bool {
        self.waiting > 0
    }

    /// Stream number `stream` brought data.
    pub fn heard(&mut self, stream: usize) {
        if let Some(heard) = self.heard.get_mut(stream).filter(|h| !**h) {
            *heard = true;
            self.waiting -= 1;
        }
    }

    /// Sets the time until which all must have been heard.
    pub const fn arm(&mut self, deadline_ns: u64) {
        self.deadline_ns = deadline_ns;
    }

    /// The deadline; `u64::MAX` when there is nothing to wait for.
    #[must_use]
    pub const fn deadline_ns(&self) -> u64 {
        if self.waiting > 0 { self.deadline_ns } else { u64::MAX }
    }

    /// At the deadline: calls `tell` with each silent stream, once.
    pub fn expire(&mut self, mut tell: impl FnMut(usize)) {
        for (stream, _) in self.heard.iter().enumerate().filter(|(_, heard)| !**heard) {
            tell(stream);
        }
        self.deadline_ns = u64::MAX;
    }
}
