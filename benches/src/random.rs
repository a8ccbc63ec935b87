//! Randomness that is the same everywhere.

/// xorshift64*: the same registries on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts a sequence. Seeds that are close to each other give sequences that are not.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        random.below(2);
        random
    }

    /// A number from 0 to one below the limit.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        u32::try_from(high).unwrap() % limit
    }

    /// An index below the limit.
    pub fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(u32::try_from(limit).unwrap())).unwrap()
    }

    /// How many dependencies a package of npm has: mean about 3.5, median 2, 90 % below 9, one in a hundred 33.
    pub fn fan_out(&mut self) -> u32 {
        match self.below(100) {
            0..50 => self.below(3),
            50..75 => 2 + self.below(3),
            75..90 => 4 + self.below(6),
            90..99 => 9 + self.below(12),
            _ => 33,
        }
    }
}
