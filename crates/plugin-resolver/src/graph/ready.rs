//! Numbers to be taken least first.

const BITS: usize = u64::BITS as usize;

/// A set of numbers below a limit. Adding one and taking the least touch one word a level, and 64 times as many numbers are one
/// level more.
#[derive(Debug)]
pub(crate) struct Ready {
    /// A bit for each number, then a bit for each word of the level below that is not empty.
    levels: Vec<Vec<u64>>,
}

impl Ready {
    pub(crate) fn below(limit: usize) -> Self {
        let mut words = limit.div_ceil(BITS).max(1);
        let mut levels = vec![vec![0; words]];
        while words > 1 {
            words = words.div_ceil(BITS);
            levels.push(vec![0; words]);
        }
        Self { levels }
    }

    pub(crate) fn insert(&mut self, number: usize) {
        let mut at = number;
        for level in &mut self.levels {
            let Some(word) = level.get_mut(at / BITS) else {
                return;
            };
            let was_empty = *word == 0;
            *word |= 1 << (at % BITS);
            if !was_empty {
                return;
            }
            at /= BITS;
        }
    }

    pub(crate) fn take_least(&mut self) -> Option<usize> {
        let mut at = 0;
        for level in self.levels.iter().rev() {
            let word = *level.get(at)?;
            if word == 0 {
                return None;
            }
            at = at * BITS + word.trailing_zeros() as usize;
        }
        let least = at;
        for level in &mut self.levels {
            let word = level.get_mut(at / BITS)?;
            *word &= !(1 << (at % BITS));
            if *word != 0 {
                break;
            }
            at /= BITS;
        }
        Some(least)
    }
}
