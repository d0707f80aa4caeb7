//! The decisions hash: BLAKE3 over the decision records in order. Hot only where something is decided.

use crosstick_model::Decision;
use crosstick_model::decision::RECORD_BYTES_MAX;

/// From so many bytes on a turn that took no tick hashes them: BLAKE3 is fast on kilobytes, slow on dozens of bytes.
const IDLE_BYTES: usize = 4 << 10;
/// From so many bytes on it is time to hash, idle or not: when the orders of the input at hand are out.
const DUE_BYTES: usize = 24 << 10;
/// Room for what one input may lead to behind that, so that no order waits for microseconds of hashing.
const BATCH_BYTES: usize = DUE_BYTES + (8 << 10);

/// Hashes decisions as they come, without allocating.
#[derive(Clone)]
pub struct DecisionHash {
    hasher: blake3::Hasher,
    batch: Box<[u8; BATCH_BYTES]>,
    len: usize,
    records: u64,
}

impl Default for DecisionHash {
    fn default() -> Self {
        Self { hasher: blake3::Hasher::new(), batch: Box::new([0; BATCH_BYTES]), len: 0, records: 0 }
    }
}

impl DecisionHash {
    /// Takes in one record. Hashes only where one input led to more than 8 KiB; else [`Self::idle`] or
    /// [`Self::work_off`] does.
    #[inline]
    pub fn add(&mut self, decision: &Decision) {
        if self.len + RECORD_BYTES_MAX > BATCH_BYTES {
            self.hash();
        }
        if let Some(room) = self.batch.get_mut(self.len..).and_then(|room| room.first_chunk_mut()) {
            self.len += decision.write(room);
        }
        self.records += 1;
    }

    /// Takes in one record as it was written, as from a journal.
    pub fn add_written(&mut self, record: &[u8]) {
        if self.len + record.len() > BATCH_BYTES {
            self.hash();
        }
        match self.batch.get_mut(self.len..self.len + record.len()) {
            Some(room) => {
                room.copy_from_slice(record);
                self.len += record.len();
            }
            None => {
                self.hasher.update(record);
            }
        }
        self.records += 1;
    }

    /// Hashes what has gathered, if it is worth it; to be called in turns that took no tick.
    #[inline]
    pub fn idle(&mut self) {
        if self.len >= IDLE_BYTES {
            self.hash();
        }
    }

    /// Hashes what has gathered, if it must not be put off any longer; to be called when the orders are out.
    #[inline]
    pub fn work_off(&mut self) {
        if self.len >= DUE_BYTES {
            self.hash();
        }
    }

    #[cold]
    fn hash(&mut self) {
        self.hasher.update(&self.batch[..self.len]);
        self.len = 0;
    }

    /// How many records were taken in.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// The hash of all records so far. Some microseconds.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.batch[..self.len]);
        hasher.finalize().into()
    }

    /// The same in hex. Cold.
    #[must_use]
    pub fn hex(&self) -> String {
        blake3::Hash::from(self.digest()).to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crosstick_model::{DenyCode, GroupId};

    #[test]
    fn the_batch_does_not_show_in_the_hash() {
        let mut ours = DecisionHash::default();
        let mut written = DecisionHash::default();
        let mut plain = blake3::Hasher::new();
        for i in 0..5_000u64 {
            let denied = (i % 3 == 0).then_some((1, DenyCode::Balance));
            let decision = Decision::Verdict { at_ns: i, group: GroupId(i), denied };
            let mut bytes = [0; RECORD_BYTES_MAX];
            let len = decision.write(&mut bytes);
            plain.update(&bytes[..len]);
            ours.add(&decision);
            written.add_written(&bytes[..len]);
            // Inputs that lead to little, and some that lead to much.
            if i % 7 == 0 && !(1_000..3_000).contains(&i) {
                ours.work_off();
            }
            if i % 100 == 0 && i > 4_000 {
                ours.idle();
            }
        }
        for hash in [&mut ours, &mut written] {
            assert_eq!(hash.hex(), plain.finalize().to_hex().to_string());
        }
        // A record that no batch has room for, as a foreign one may be, behind what has gathered.
        let long = vec![7; BATCH_BYTES + 1];
        written.add_written(&long);
        assert_eq!(written.hex(), plain.update(&long).finalize().to_hex().to_string());
        assert_eq!(ours.records(), 5_000);
    }
}
