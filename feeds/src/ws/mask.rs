//! Masking keys for client frames, from the system's random source.

use rustls::crypto::SecureRandom;

const POOL: usize = 256;

/// Four unpredictable bytes a frame (RFC 6455, 5.3), drawn from the kernel 64 at a time.
#[derive(Debug)]
pub struct MaskKeys {
    source: &'static dyn SecureRandom,
    pool: [u8; POOL],
    used: usize,
}

impl MaskKeys {
    /// Keys from the operating system's random number generator.
    #[must_use]
    pub fn secure() -> Self {
        Self { source: rustls::crypto::ring::default_provider().secure_random, pool: [0; POOL], used: POOL }
    }

    /// The next key.
    ///
    /// Should the kernel refuse random bytes (no supported kernel does after boot), the last pool is used again:
    /// masking guards proxies against chosen bytes, and what we send here is not chosen by anyone else.
    pub fn next_key(&mut self) -> [u8; 4] {
        if self.used + 4 > POOL {
            self.fill();
        }
        let mut key = [0; 4];
        key.copy_from_slice(&self.pool[self.used..self.used + 4]);
        self.used += 4;
        key
    }

    /// Draws bytes ahead once half of them are used: to be called in idle turns, so that no frame waits for the kernel.
    #[inline]
    pub fn top_up(&mut self) {
        if self.used > POOL / 2 {
            self.fill();
        }
    }

    #[cold]
    fn fill(&mut self) {
        let _ = self.source.fill(&mut self.pool);
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_do_not_repeat() {
        let mut keys = MaskKeys::secure();
        let seen: HashSet<[u8; 4]> = (0..1000).map(|_| keys.next_key()).collect();
        assert!(seen.len() > 990, "{} different keys of 1000", seen.len());
    }
}
