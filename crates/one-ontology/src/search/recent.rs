//! What was used last, within a bound.

use std::collections::BTreeMap;

use crate::Place;

/// Something for each place, as long as all of it together is no larger than a bound; what was not
/// used for longest leaves first. For stores that keep an [`Index`](super::Index) for each place.
///
/// ```
/// use one_ontology::search::Recent;
/// use one_ontology::{GroupId, Place};
///
/// let [a, b] = ["a", "b"].map(|name| Place::Group(GroupId::of_name(&[name])));
/// let mut recent: Recent<u8> = Recent::new(10_000);
/// recent.put(a, 1, 6_000);
/// recent.put(b, 2, 6_000);
/// assert_eq!((recent.of(a), recent.of(b)), (0, 2));
/// ```
#[derive(Debug)]
pub struct Recent<T> {
    most: usize,
    bytes: usize,
    uses: u64,
    places: BTreeMap<Place, Entry<T>>,
    order: BTreeMap<u64, Place>,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    bytes: usize,
    used: u64,
}

/// About what an entry takes beside its value.
const EACH: usize = 256;

impl<T: Clone + Default> Recent<T> {
    /// Nothing yet, and never more than so many bytes.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            bytes: 0,
            uses: 0,
            places: BTreeMap::new(),
            order: BTreeMap::new(),
        }
    }

    /// What a place has, else a new one; used now.
    pub fn of(&mut self, place: Place) -> T {
        let (value, bytes) = match self.take(place) {
            Some(entry) => (entry.value, entry.bytes),
            None => (T::default(), EACH),
        };
        self.add(place, value.clone(), bytes);
        value
    }

    /// Keeps what a place has, which takes so many bytes; used now. What is larger than the bound by
    /// itself is not kept.
    pub fn put(&mut self, place: Place, value: T, bytes: usize) {
        drop(self.take(place));
        self.add(place, value, bytes.saturating_add(EACH));
    }

    /// How many bytes all of it takes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn take(&mut self, place: Place) -> Option<Entry<T>> {
        let entry = self.places.remove(&place)?;
        self.order.remove(&entry.used);
        self.bytes -= entry.bytes;
        Some(entry)
    }

    fn add(&mut self, place: Place, value: T, bytes: usize) {
        if bytes > self.most {
            return;
        }
        while bytes > self.most - self.bytes
            && let Some((_, oldest)) = self.order.pop_first()
        {
            drop(self.take(oldest));
        }
        self.uses += 1;
        self.bytes += bytes;
        self.order.insert(self.uses, place);
        let used = self.uses;
        self.places.insert(place, Entry { value, bytes, used });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::GroupId;

    fn place(n: u8) -> Place {
        Place::Group(GroupId::of_name(&[&n.to_string()]))
    }

    /// The same, as a list with what was used last at its end.
    struct Plain(Vec<(Place, u32, usize)>);

    impl Plain {
        fn add(&mut self, place: Place, value: u32, bytes: usize, most: usize) {
            self.0.retain(|(other, ..)| *other != place);
            if bytes > most {
                return;
            }
            self.0.push((place, value, bytes));
            while self.0.iter().map(|(.., bytes)| bytes).sum::<usize>() > most {
                self.0.remove(0);
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_used_last_stays_within_the_bound(
            most in 0_usize..4_000,
            uses in prop::collection::vec((0_u8..6, prop::option::of((1_u32.., 0_usize..3_000))), 0..40),
        ) {
            let mut recent: Recent<u32> = Recent::new(most);
            let mut plain = Plain(Vec::new());
            for (n, put) in uses {
                let place = place(n);
                if let Some((value, bytes)) = put {
                    recent.put(place, value, bytes);
                    plain.add(place, value, bytes + EACH, most);
                } else {
                    let had = plain.0.iter().find(|(other, ..)| *other == place).copied();
                    let (_, value, bytes) = had.unwrap_or((place, 0, EACH));
                    prop_assert_eq!(recent.of(place), value);
                    plain.add(place, value, bytes, most);
                }
                let kept: Vec<(Place, u32, usize)> = recent
                    .order
                    .values()
                    .map(|place| (*place, recent.places[place].value, recent.places[place].bytes))
                    .collect();
                prop_assert_eq!(&kept, &plain.0);
                prop_assert_eq!(recent.places.len(), kept.len());
                prop_assert_eq!(recent.bytes(), kept.iter().map(|(.., bytes)| bytes).sum::<usize>());
                prop_assert!(recent.bytes() <= most);
            }
        }
    }
}
