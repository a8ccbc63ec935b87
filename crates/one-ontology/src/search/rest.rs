//! What bytes leave of numbers, in half a byte for each.

use super::dots::Dots;

/// How many steps of the rest make one of the byte.
pub(super) const STEPS: f64 = 16.0;

/// The nearest step to what is left of a number, in such steps: -8 to 7.
#[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
pub(super) fn step(left: f64) -> i8 {
    left.round().clamp(-8.0, 7.0) as i8
}

/// Two steps to a byte, the first in its lower half.
pub(super) fn pack(steps: &[i8]) -> impl ExactSizeIterator<Item = u8> {
    let half = |step: i8| step.cast_unsigned() & 0x0F;
    steps.chunks(2).map(move |pair| match pair {
        [first, second] => half(*first) | half(*second) << 4,
        [first] => half(*first),
        _ => 0,
    })
}

/// Multiplies with packed steps; what it unpacks to is kept for the next.
pub(super) struct Unpacked {
    dots: Dots,
    steps: Vec<i8>,
}

impl Unpacked {
    pub(super) const fn new(dots: Dots) -> Self {
        Self {
            dots,
            steps: Vec::new(),
        }
    }

    /// The sum of products of `wanted` with as many steps.
    pub(super) fn dot(&mut self, wanted: &[i16], packed: &[u8]) -> i32 {
        self.steps.clear();
        let lower = |byte: u8| (byte << 4).cast_signed() >> 4;
        let upper = |byte: u8| byte.cast_signed() >> 4;
        let steps = packed.iter().flat_map(|byte| [lower(*byte), upper(*byte)]);
        self.steps.extend(steps);
        self.dots.dot(wanted, &self.steps)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_steps_multiply_as_they_were(pairs in vec((-900_i16..900, -8_i8..8), 0..70)) {
            let (wanted, steps): (Vec<i16>, Vec<i8>) = pairs.into_iter().unzip();
            let packed: Vec<u8> = pack(&steps).collect();
            prop_assert_eq!(packed.len(), steps.len().div_ceil(2));
            let sum: i32 = wanted.iter().zip(&steps).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            prop_assert_eq!(Unpacked::new(Dots::new()).dot(&wanted, &packed), sum);
        }
    }
}
