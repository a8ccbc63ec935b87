//! Vectors as bytes: well under half of the memory, and what was lost is known.

use std::collections::BTreeMap;

use super::bounds::{Bounds, Possible};
use super::dots::Dots;
use super::matrix::Matrix;
use super::rest::{STEPS, Unpacked, pack, step};
use super::slots::Slot;
use super::vectors::{Near, VectorIndex};

/// Keeps a byte for each number, and half a byte more of what that leaves of it; and for each
/// vector how far both are from it.
///
/// The cosine of two vectors is the product of their directions `a` and `b`. The index knows
/// `b` only as bytes, `b'`, and the length of the error, `|b - b'|`; so it knows the cosine up to
/// `|a·b - a'·b'| <= |a - a'| |b'| + |a| |b - b'|`. All are compared by their bytes. Whatever may still
/// be among the nearest by these bounds is compared by its half bytes too, which have a sixteenth of
/// the error; and what may be after that is given. So nothing is ever missed, and little more is given than is asked for,
/// also where vectors share most of their direction and bytes alone tell few apart.
///
/// A byte is as coarse as the largest number of its vector is large, and models give vectors in which
/// a few numbers are far larger than the rest. So the largest, one in 64 and at most 8, are kept as they
/// are. They are multiplied with `a` itself, so the bound holds with `b'` made of both.
#[derive(Debug, Default)]
pub struct Int8Index {
    dimension: usize,
    slots: Vec<Slot>,
    codes: Matrix<i8>,
    /// What the codes leave, in steps of a sixteenth; two to a byte.
    rests: Matrix<u8>,
    peaks: Matrix<Peak>,
    measures: Vec<Measure>,
    positions: BTreeMap<Slot, usize>,
}

/// One of the largest numbers of a direction. Its byte is 0.
#[derive(Clone, Copy, Debug)]
struct Peak {
    at: u32,
    value: f32,
}

impl Peak {
    /// How many a vector has: none that is too short for it to be worth the memory.
    fn count(dimension: usize) -> usize {
        (dimension / 64).min(8)
    }

    /// Takes the largest numbers out of a direction; what is left are zeros in their place.
    fn take(direction: &mut [f64]) -> Vec<Self> {
        let count = Self::count(direction.len());
        let mut order: Vec<u32> = (0..).zip(&*direction).map(|(at, _)| at).collect();
        let size = |at: &u32| direction.get(*at as usize).map_or(0.0, |n| n.abs());
        if count < order.len() {
            order.select_nth_unstable_by(count, |a, b| size(b).total_cmp(&size(a)).then(a.cmp(b)));
            order.truncate(count);
        }
        let peak = |at: u32| {
            let number = direction.get_mut(at as usize).map(std::mem::take)?;
            #[expect(clippy::cast_possible_truncation, reason = "the nearest is meant")]
            let value = number as f32;
            Some(Self { at, value })
        };
        order.into_iter().filter_map(peak).collect()
    }
}

/// What the bytes of a vector mean.
#[derive(Clone, Copy, Debug)]
struct Measure {
    /// What a byte of 1 stands for.
    scale: f32,
    /// How far the bytes and the peaks are from the direction, at most.
    error: f32,
    /// How far they are with the rests.
    error_with_rest: f32,
}

/// More than all roundings in [`Int8Index::near`] and in the exact cosine together: that
/// is an f32 near 1 in the end, and all before are f64.
const ROUNDING: f64 = 1e-6;

/// The vector that others are compared with, in as many bits as a sum of products leaves room for.
struct Wanted {
    direction: Vec<f64>,
    codes: Vec<i16>,
    scale: f64,
    error: f64,
}

impl Wanted {
    fn of(vector: &[f32]) -> Self {
        let direction = direction(vector);
        // A code of a row is at most 127, and no sum of so many products may overflow.
        let room = i32::MAX as usize / 127 / vector.len().max(1);
        let room = i16::try_from(room).unwrap_or(i16::MAX);
        let scale = largest(&direction) / f64::from(room);
        #[expect(clippy::cast_possible_truncation, reason = "at most `room`, rounded")]
        let code = |number: f64| (number / scale).round() as i16;
        let codes: Vec<i16> = direction.iter().copied().map(code).collect();
        let mut left = direction.clone();
        take_off(&mut left, &codes, scale);
        let error = length(&left);
        Self {
            direction,
            codes,
            scale,
            error,
        }
    }

    /// How far a cosine may be off with a row that is known up to `error`.
    fn error_with(&self, error: f32) -> f64 {
        let error = f64::from(error);
        error + self.error * (1.0 + error) + ROUNDING
    }

    /// Its product with the peaks of a row.
    fn with_peaks(&self, peaks: &[Peak]) -> f64 {
        let product = |peak: &Peak| {
            let number = self.direction.get(peak.at as usize);
            number.map_or(0.0, |number| number * f64::from(peak.value))
        };
        peaks.iter().map(product).sum()
    }
}

impl Int8Index {
    /// What may be among the nearest by its bytes and peaks.
    fn by_bytes(&self, near: &Near<'_>, wanted: &Wanted, dots: Dots) -> Vec<Possible> {
        let mut bounds = Bounds::new(near);
        let rows = self.codes.rows().zip(&self.measures);
        for (position, (slot, (codes, measure))) in self.slots.iter().zip(rows).enumerate() {
            if near.among.contains(*slot) {
                let dot = f64::from(dots.dot(&wanted.codes, codes));
                let cosine = dot * wanted.scale * f64::from(measure.scale)
                    + wanted.with_peaks(self.peaks.row(position));
                bounds.saw(position, cosine, wanted.error_with(measure.error));
            }
        }
        bounds.left()
    }

    /// Which of them may be by their rests, too.
    fn by_rests(
        &self,
        near: &Near<'_>,
        wanted: &Wanted,
        dots: Dots,
        found: &[Possible],
    ) -> Vec<Possible> {
        let (mut bounds, mut unpacked) = (Bounds::new(near), Unpacked::new(dots));
        for Possible {
            position, cosine, ..
        } in found
        {
            if let Some(measure) = self.measures.get(*position) {
                let rest = unpacked.dot(&wanted.codes, self.rests.row(*position));
                let rest = f64::from(rest) * wanted.scale * f64::from(measure.scale) / STEPS;
                let error = wanted.error_with(measure.error_with_rest);
                bounds.saw(*position, cosine + rest, error);
            }
        }
        bounds.left()
    }
}

impl VectorIndex for Int8Index {
    fn put(&mut self, slot: Slot, vector: &[f32]) {
        self.remove(slot);
        self.dimension = vector.len();
        let room = self.slots.len() / 8 + 1;
        let exact = direction(vector);
        let mut rest = exact.clone();
        let peaks = Peak::take(&mut rest);
        let mut left = exact;
        for peak in &peaks {
            if let Some(left) = left.get_mut(peak.at as usize) {
                *left -= f64::from(peak.value);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "the nearest is meant")]
        let scale = (largest(&rest) / 127.0) as f32;
        let unit = f64::from(scale);
        // If nothing is left beside the peaks, 0 / 0 is no number, and becomes the byte 0.
        #[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
        let code = |number: &f64| (number / unit).round().clamp(-127.0, 127.0) as i8;
        let codes: Vec<i8> = rest.iter().map(code).collect();
        take_off(&mut left, &codes, unit);
        let error = at_most(length(&left));
        let steps: Vec<i8> = left.iter().map(|left| step(left / unit * STEPS)).collect();
        take_off(&mut left, &steps, unit / STEPS);
        self.codes.push(codes.into_iter(), room);
        self.rests.push(pack(&steps), room);
        self.peaks.push(peaks.into_iter(), room);
        self.measures.push(Measure {
            scale,
            error,
            error_with_rest: at_most(length(&left)),
        });
        self.positions.insert(slot, self.slots.len());
        self.slots.push(slot);
    }

    fn remove(&mut self, slot: Slot) {
        let Some(position) = self.positions.remove(&slot) else {
            return;
        };
        self.codes.swap_remove(position);
        self.rests.swap_remove(position);
        self.peaks.swap_remove(position);
        self.slots.swap_remove(position);
        self.measures.swap_remove(position);
        if let Some(moved) = self.slots.get(position) {
            self.positions.insert(*moved, position);
        }
    }

    fn renumber(&mut self, to: &dyn Fn(Slot) -> Option<Slot>) {
        let left: Vec<Slot> = self
            .slots
            .iter()
            .copied()
            .filter(|s| to(*s).is_none())
            .collect();
        left.into_iter().for_each(|slot| self.remove(slot));
        for slot in &mut self.slots {
            *slot = to(*slot).unwrap_or(*slot);
        }
        self.positions = self.slots.iter().copied().zip(0..).collect();
    }

    fn near(&self, near: &Near<'_>) -> Vec<Slot> {
        if near.vector.len() != self.dimension || self.dimension == 0 {
            return Vec::new();
        }
        let (wanted, dots) = (Wanted::of(near.vector), Dots::new());
        let mut found = self.by_bytes(near, &wanted, dots);
        if found.len() > near.depth {
            found = self.by_rests(near, &wanted, dots, &found);
        }
        let slot = |it: &Possible| self.slots.get(it.position).copied();
        found.iter().filter_map(slot).collect()
    }

    fn bytes(&self) -> usize {
        self.codes.bytes()
            + self.rests.bytes()
            + self.peaks.bytes()
            + self.slots.capacity() * size_of::<Slot>()
            + self.measures.capacity() * size_of::<Measure>()
            + self.positions.len() * 32
    }
}

/// A vector of length 1; in f64, where the square of any f32 has room.
fn direction(vector: &[f32]) -> Vec<f64> {
    let numbers = || vector.iter().copied().map(f64::from);
    let length = numbers().map(|number| number * number).sum::<f64>().sqrt();
    numbers().map(|number| number / length).collect()
}

fn largest(direction: &[f64]) -> f64 {
    direction
        .iter()
        .fold(0.0, |most, number| number.abs().max(most))
}

/// Takes off what the codes stand for.
fn take_off<C: Copy + Into<f64>>(numbers: &mut [f64], codes: &[C], unit: f64) {
    for (number, code) in numbers.iter_mut().zip(codes) {
        *number -= unit * (*code).into();
    }
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|n| n * n).sum::<f64>().sqrt()
}

/// Upwards: the margin is more than an f32 loses.
#[expect(clippy::cast_possible_truncation, reason = "upwards, by the margin")]
fn at_most(error: f64) -> f32 {
    (error * (1.0 + 1e-6)) as f32
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::Embedding;
    use crate::search::{ExactIndex, Slots};

    /// As long as vectors may be, and all as large as they may be: the sum must fit.
    #[test]
    fn the_longest_vectors_do_not_overflow() {
        for dimension in [1, 2, 1536, Embedding::MAX_DIMENSION] {
            let same = vec![1.0; dimension];
            let wanted = Wanted::of(&same);
            let most: i64 = wanted.codes.iter().map(|code| 127 * i64::from(*code)).sum();
            assert!(i32::try_from(most).is_ok(), "{dimension}: {most}");
            let mut index = Int8Index::default();
            index.put(Slot::new(0), &same);
            index.put(Slot::new(1), &vec![-1.0; dimension]);
            let near = |least| {
                let among = [Slot::new(0), Slot::new(1)].into_iter().collect();
                index.near(&Near {
                    vector: &same,
                    among: &among,
                    depth: 2,
                    min_similarity: least,
                })
            };
            assert_eq!(near(None).len(), 2);
            assert_eq!(near(Some(0.9)), [Slot::new(0)]);
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(u32, Vec<f32>),
        Remove(u32),
        /// Only every so many-th slot stays, all move up.
        Compact(u32),
        Near(Vec<f32>, usize, Option<f32>),
    }

    fn vector(dimension: usize) -> impl Strategy<Value = Vec<f32>> {
        let number = prop_oneof![
            8 => -1.0_f32..1.0,
            1 => (-2_i8..=2).prop_map(f32::from),
            1 => prop::sample::select(vec![f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::from_bits(1)]),
        ];
        let some = prop_oneof![
            vec(number, dimension),
            vec((-1_i8..=1).prop_map(f32::from), dimension)
        ];
        some.prop_filter("zeros are kept elsewhere", |v| v.iter().any(|n| *n != 0.0))
    }

    fn step(dimension: usize) -> impl Strategy<Value = Step> {
        let least = proptest::option::of(prop_oneof![-1.0_f32..=1.0, Just(f32::NAN)]);
        prop_oneof![
            12 => (0..40_u32, vector(dimension)).prop_map(|(slot, vector)| Step::Put(slot, vector)),
            3 => (0..40_u32).prop_map(Step::Remove),
            1 => (1..4_u32).prop_map(Step::Compact),
            4 => (vector(dimension), 1..8_usize, least).prop_map(|(v, depth, least)| Step::Near(v, depth, least)),
        ]
    }

    proptest! {
        /// What is among the nearest is always given; the rest is to be left out, or what is the index for.
        #[test]
        fn nothing_near_is_missed(
            // Without peaks, and with two.
            steps in prop_oneof![vec(step(5), 1..80), vec(step(130), 1..80)],
        ) {
            let (mut index, mut exact) = (Int8Index::default(), ExactIndex::default());
            let even: Slots = (0..40).filter(|n| n % 2 == 0).map(Slot::new).collect();
            for step in steps {
                let both: [&mut dyn VectorIndex; 2] = [&mut index, &mut exact];
                match step {
                    Step::Put(slot, v) => both.into_iter().for_each(|i| i.put(Slot::new(slot), &v)),
                    Step::Remove(slot) => both.into_iter().for_each(|i| i.remove(Slot::new(slot))),
                    Step::Compact(every) => both.into_iter().for_each(|i| i.renumber(&|slot| {
                        let slot = u32::try_from(slot.get()).unwrap();
                        (slot % every == 0).then(|| Slot::new(slot / every))
                    })),
                    Step::Near(vector, depth, min_similarity) => {
                        let near = Near { vector: &vector, among: &even, depth, min_similarity };
                        let (found, wanted) = (index.near(&near), exact.near(&near));
                        for slot in wanted {
                            prop_assert!(found.contains(&slot), "{slot:?} of {found:?}");
                        }
                        prop_assert!(found.iter().all(|slot| even.contains(*slot)));
                    }
                }
            }
        }
    }

    /// By a fixed rule, so that the figure is the same everywhere.
    fn noise(seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B1) | 1;
        let next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            #[expect(clippy::cast_precision_loss, reason = "noise")]
            let number = state as f32 / u32::MAX as f32;
            number - 0.5
        };
        std::iter::repeat_with(next).take(256).collect()
    }

    /// How many of 2,000 are given for the 20 nearest.
    fn given(vector: impl Fn(u32) -> Vec<f32>) -> usize {
        let mut index = Int8Index::default();
        (0..2_000).for_each(|n| index.put(Slot::new(n), &vector(n)));
        let among = (0..2_000).map(Slot::new).collect();
        let near = index.near(&Near {
            vector: &vector(7),
            among: &among,
            depth: 20,
            min_similarity: None,
        });
        assert!(near.contains(&Slot::new(7)));
        near.len()
    }

    #[test]
    fn what_is_far_is_left_out() {
        let near = given(noise);
        assert!((20..25).contains(&near), "{near} of 2,000");
    }

    /// As models have them. In the scale of the bytes, they would make all 2,000 look alike.
    #[test]
    fn large_numbers_in_every_vector_cost_little() {
        for large in [1, 4] {
            let near = given(|n| {
                let mut vector = noise(n);
                (0..large).for_each(|at| vector[37 + 50 * at] = -20.0);
                vector
            });
            assert!((20..60).contains(&near), "{large}: {near} of 2,000");
        }
    }

    /// As models have it, too: cosines from 0.8 to 0.9, which bytes alone tell few apart.
    #[test]
    fn a_direction_that_all_share_costs_little() {
        let near = given(|n| {
            let shared = noise(4_711).into_iter().map(|number| 2.4 * number);
            shared.zip(noise(n)).map(|(a, b)| a + b).collect()
        });
        assert!((20..30).contains(&near), "{near} of 2,000");
    }

    /// Nothing but peaks: the bytes are all 0, and the products are exact.
    #[test]
    fn a_vector_of_few_numbers_is_kept_as_it_is() {
        let near = given(|n| {
            let mut vector = vec![0.0; 256];
            vector[n as usize % 256] = 1.0;
            vector[(n as usize / 256 + 100) % 256] += 3.0;
            vector
        });
        assert!(near < 300, "{near} of 2,000");
    }
}
