//! HOT: core thread. SplitMix64 (Steele, Lea and Flood, 2014): one addition and a mix a number, every seed is good,
//! and the sequence is the same on every machine.

/// The generator.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    #[inline]
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// A roll scaled to 0..`below`.
#[inline]
const fn scaled(roll: u64, below: u64) -> u64 {
    ((roll as u128 * below as u128) >> 64) as u64
}

/// What fate holds for one order. Three numbers are drawn for every order when it is sent, used or not, so that an
/// order's fate depends on the seed and on its place among the orders sent, and on nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    reject: u64,
    partial: u64,
    part: u64,
}

impl Fate {
    #[inline]
    pub(crate) const fn draw(random: &mut Random) -> Self {
        Self { reject: random.next(), partial: random.next(), part: random.next() }
    }

    #[inline]
    pub(crate) const fn rejects(self, ppm: u32) -> bool {
        scaled(self.reject, 1_000_000) < ppm as u64
    }

    /// What of `steps` that could fill does fill: all of it, or with the chance `ppm` between one step and one step
    /// less (nothing where there is only one).
    #[inline]
    pub(crate) const fn fills(self, steps: i64, ppm: u32) -> i64 {
        if steps <= 0 || scaled(self.partial, 1_000_000) >= ppm as u64 {
            return steps;
        }
        if steps == 1 { 0 } else { 1 + scaled(self.part, steps as u64 - 1) as i64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // The first outputs for seed 1234567, as given with the reference implementation (Rosetta Code, "Splitmix64").
        let mut random = Random::new(1_234_567);
        let drawn: Vec<u64> = (0..5).map(|_| random.next()).collect();
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(drawn, published);
    }

    #[test]
    fn chances_at_their_ends_are_certain() {
        let mut random = Random::new(7);
        for _ in 0..1000 {
            let fate = Fate::draw(&mut random);
            assert!(!fate.rejects(0) && fate.rejects(1_000_000));
            assert_eq!(fate.fills(5, 0), 5);
            assert!((1..5).contains(&fate.fills(5, 1_000_000)));
            assert_eq!(fate.fills(1, 1_000_000), 0);
            assert_eq!(fate.fills(0, 1_000_000), 0);
        }
    }

    #[test]
    fn chances_come_out_as_stated() {
        let mut random = Random::new(1);
        let rejected = (0..1_000_000).filter(|_| Fate::draw(&mut random).rejects(20_000)).count();
        // Seeded, so this cannot flake; five standard deviations of a binomial around 20 000.
        assert!((19_300..20_700).contains(&rejected), "{rejected}");
    }
}
