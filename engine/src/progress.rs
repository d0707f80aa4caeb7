//! Progress of long work on standard error, with the time that is left; nothing where that is no terminal. Cold.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar; any thread may move it.
pub struct Bar(ProgressBar);

/// A bar over bytes, whose length comes with the first news.
#[must_use]
pub fn bytes(word: &str) -> Bar {
    styled(word, 0, "{bytes}/{total_bytes} {bytes_per_sec}")
}

/// A bar over so many pieces of work.
#[must_use]
pub fn count(word: &str, all: u64) -> Bar {
    styled(word, all, "{pos}/{len}")
}

fn styled(word: &str, all: u64, figures: &str) -> Bar {
    let bar = ProgressBar::new(all);
    let style = format!("{word} {{percent:>3}} % [{{bar:40}}] {figures} eta {{eta}}");
    if let Ok(style) = ProgressStyle::with_template(&style) {
        bar.set_style(style);
    }
    Bar(bar)
}

impl Bar {
    /// So far, of all.
    pub fn set(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }

    /// So far, of what was said before.
    pub fn to(&self, done: u64) {
        self.0.set_position(done);
    }

    /// One piece more.
    pub fn step(&self) {
        self.0.inc(1);
    }

    /// Takes it off the screen.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}
