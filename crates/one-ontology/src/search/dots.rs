//! Products of vectors of small integers: the same whatever the machine has.

/// Multiplies with the widest instructions of the machine that runs it (feature `simd`), or with
/// those that every machine of its kind has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dots {
    #[cfg(feature = "simd")]
    machine: fearless_simd::Level,
}

impl Dots {
    pub(super) fn new() -> Self {
        Self {
            #[cfg(feature = "simd")]
            machine: fearless_simd::Level::new(),
        }
    }

    /// The sum of products, which must fit an `i32`.
    #[cfg(feature = "simd")]
    pub(super) fn dot(self, wanted: &[i16], row: &[i8]) -> i32 {
        fearless_simd::dispatch!(self.machine, _ => plain(wanted, row))
    }

    /// The sum of products, which must fit an `i32`.
    #[cfg(not(feature = "simd"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(super) fn dot(self, wanted: &[i16], row: &[i8]) -> i32 {
        plain(wanted, row)
    }
}

/// Inlined, so that it is compiled for each kind of machine anew.
#[inline(always)]
fn plain(wanted: &[i16], row: &[i8]) -> i32 {
    let products = wanted
        .iter()
        .zip(row)
        .map(|(a, b)| i32::from(*a) * i32::from(*b));
    products.fold(0, i32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn exact(wanted: &[i16], row: &[i8]) -> i64 {
        let products = wanted
            .iter()
            .zip(row)
            .map(|(a, b)| i64::from(*a) * i64::from(*b));
        products.sum()
    }

    proptest! {
        /// Also of lengths that no register divides.
        #[test]
        fn every_machine_comes_to_the_same_sum(pairs in vec((-900_i16..900, any::<i8>()), 0..300)) {
            let (wanted, row): (Vec<i16>, Vec<i8>) = pairs.into_iter().unzip();
            prop_assert_eq!(i64::from(Dots::new().dot(&wanted, &row)), exact(&wanted, &row));
            prop_assert_eq!(i64::from(plain(&wanted, &row)), exact(&wanted, &row));
        }
    }
}
