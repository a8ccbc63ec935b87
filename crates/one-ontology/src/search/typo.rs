//! Which words are close to one that is mistyped or unfinished.

/// At most so many words stand for a term that no row has.
pub(super) const MOST_WORDS: usize = 8;

/// The fewest characters of a term that a word may begin with.
const SHORTEST_BEGINNING: usize = 3;

/// How a word is close to a term, the closest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    /// The word begins with the term.
    Begins,
    /// They are at one edit.
    OneEdit,
    /// They are at two edits.
    TwoEdits,
}

impl Closeness {
    /// How close a word is to another one; none if it is not.
    pub(super) fn of(term: &str, word: &str) -> Option<Self> {
        if may_begin(term) && word.starts_with(term) {
            return Some(Self::Begins);
        }
        let edits = edits(term, word);
        Self::of_edits(edits).filter(|_| edits <= most_edits(term))
    }

    /// Of two different words.
    pub(super) fn of_edits(edits: usize) -> Option<Self> {
        match edits {
            1 => Some(Self::OneEdit),
            2 => Some(Self::TwoEdits),
            _ => None,
        }
    }
}

/// Whether words that begin with a term may stand for it.
pub(super) fn may_begin(term: &str) -> bool {
    !is_number(term) && term.chars().count() >= SHORTEST_BEGINNING
}

/// At how many edits from a term words may stand for it.
pub(super) fn most_edits(term: &str) -> usize {
    match term.chars().count() {
        _ if is_number(term) => 0,
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

/// A number is meant as it stands: no other is close to it.
fn is_number(term: &str) -> bool {
    term.chars().all(char::is_numeric)
}

/// How many edits two words are apart: characters left out, put in, changed, or swapped with
/// their neighbour, none of them touched twice (the optimal string alignment distance).
///
/// ```
/// use one_ontology::search::edits;
///
/// assert_eq!(edits("telegran", "telegram"), 1);
/// assert_eq!(edits("telegarm", "telegram"), 1);
/// assert_eq!(edits("telgrm", "telegram"), 2);
/// ```
#[must_use]
#[expect(
    clippy::indexing_slicing,
    reason = "the table has a row and a column more than the words have characters"
)]
pub fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let changed = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let moved = changed.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                let swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if swap {
                    moved.min(table[i - 2][j - 2] + 1)
                } else {
                    moved
                }
            };
        }
    }
    table[a.len()][b.len()]
}

/// As [`edits`], if they are at most so many. Made for few edits: each more takes four times
/// as long.
pub(super) fn edits_within(a: &[char], b: &[char], most: usize) -> Option<usize> {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(same..)?, b.get(same..)?);
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let (Some((x, a_left)), Some((y, b_left))) = (a.split_first(), b.split_first()) else {
        return Some(a.len() + b.len());
    };
    let most = most.checked_sub(1)?;
    let swapped = match (a_left.split_first(), b_left.split_first()) {
        (Some((x2, a_left)), Some((y2, b_left))) if x == y2 && x2 == y => {
            edits_within(a_left, b_left, most)
        }
        _ => None,
    };
    [
        swapped,
        edits_within(a_left, b_left, most),
        edits_within(a_left, b, most),
        edits_within(a, b_left, most),
    ]
    .into_iter()
    .flatten()
    .min()
    .map(|edits| edits + 1)
}

/// Which characters a word has: a bit for each, some sharing one. Each edit adds at most one and
/// takes away at most one, so most words are told apart without looking at them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Characters(u64);

impl Characters {
    pub(super) fn of(word: &[char]) -> Self {
        // The upper bits of a product are well mixed.
        let bit = |c: &char| u32::from(*c).wrapping_mul(0x9E37_79B1) >> 26;
        Self(word.iter().fold(0, |all, c| all | 1 << bit(c)))
    }

    /// Whether words of these characters may be at most so many edits apart.
    pub(super) fn may_be_within(self, other: Self, most: usize) -> bool {
        let added = (other.0 & !self.0).count_ones() as usize;
        let taken = (self.0 & !other.0).count_ones() as usize;
        added <= most && taken <= most
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_quick_ways_agree_with_the_table(a in "[abcä]{0,9}", b in "[abcä]{0,9}") {
            let exact = edits(&a, &b);
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            for most in 0..=2 {
                prop_assert_eq!(edits_within(&a, &b, most), Some(exact).filter(|e| *e <= most));
                if exact <= most {
                    prop_assert!(Characters::of(&a).may_be_within(Characters::of(&b), most));
                }
            }
        }
    }
}
