//! HOT: core thread. Which groups and legs were decided already, in a ring of the newest groups.

use crosstick_model::GroupId;

/// Groups remembered. Groups count upwards, so one that fell out of the ring is old, and old is a duplicate.
const REMEMBERED: usize = 64;

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    id: u64,
    /// One bit a leg.
    decided: [u64; 4],
}

#[derive(Debug, Clone)]
pub(crate) struct Groups {
    ring: Box<[Group; REMEMBERED]>,
}

impl Groups {
    pub(crate) fn new() -> Self {
        Self { ring: Box::new([Group::default(); REMEMBERED]) }
    }

    #[inline]
    fn slot(&mut self, id: GroupId) -> &mut Group {
        // The remainder is below the length of the array: no bound can be crossed.
        &mut self.ring[(id.0 % REMEMBERED as u64) as usize]
    }

    /// Marks a leg as decided; false when it was already, or when the group is too old to know.
    #[inline]
    pub(crate) fn decide(&mut self, id: GroupId, leg: u8) -> bool {
        let group = self.slot(id);
        if group.id > id.0 {
            return false;
        }
        if group.id < id.0 {
            *group = Group { id: id.0, ..Group::default() };
        }
        let (word, bit) = (usize::from(leg >> 6), 1u64 << (leg & 63));
        let new = group.decided[word] & bit == 0;
        group.decided[word] |= bit;
        new
    }
}
