//! Numbers of cards.

use crate::sanitize::SECRET;

/// In how many groups the number of a card is written at most.
const GROUPS: usize = 5;
/// How many characters may stand between two of them.
const BETWEEN: usize = 3;

/// Digits with nothing between them.
struct Group<'a> {
    digits: &'a str,
    /// Where it is in the text.
    at: usize,
}

impl Group<'_> {
    const fn end(&self) -> usize {
        self.at + self.digits.len()
    }
}

/// A text without the numbers of cards in it, beside whatever groups of digits they stand. Where several
/// could begin, all of them are left out.
pub(super) fn without_cards(text: &str) -> String {
    let mut open = String::with_capacity(text.len());
    let mut from = 0;
    for run in runs(text) {
        for (first, group) in run.iter().enumerate() {
            let rest = run.get(first..).unwrap_or_default();
            let Some(end) = card_end(text, rest).filter(|end| *end > from) else {
                continue;
            };
            if group.at >= from {
                open.push_str(text.get(from..group.at).unwrap_or_default());
                open.push_str(SECRET);
            }
            from = end;
        }
    }
    open.push_str(text.get(from..).unwrap_or_default());
    open
}

/// Groups with nothing between them but what people put between the groups of a number.
fn runs(text: &str) -> Vec<Vec<Group<'_>>> {
    let mut runs: Vec<Vec<Group<'_>>> = Vec::new();
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(is_digit)) {
        let at = from + found;
        let between = text.get(from..at).unwrap_or_default();
        let rest = text.get(at..).unwrap_or_default();
        let length = rest.find(|c| !is_digit(c)).unwrap_or(rest.len());
        let group = Group {
            digits: rest.get(..length).unwrap_or_default(),
            at,
        };
        from = group.end();
        match runs.last_mut() {
            Some(run) if joins(between) => run.push(group),
            _ => runs.push(vec![group]),
        }
    }
    runs
}

const fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn joins(between: &str) -> bool {
    let separates =
        |c: char| c.is_whitespace() || matches!(c, '-' | '.' | '_' | '\u{2010}'..='\u{2015}');
    between.chars().count() <= BETWEEN && between.chars().all(separates)
}

/// Where the number of a card ends that begins with the first of these groups.
fn card_end(text: &str, groups: &[Group<'_>]) -> Option<usize> {
    let mut counts = (1..=GROUPS).rev();
    counts.find_map(|count| {
        let number = groups.get(..count)?;
        let last = number.last()?;
        is_card(text, number).then(|| last.end())
    })
}

fn is_card(text: &str, groups: &[Group<'_>]) -> bool {
    let lengths: Vec<usize> = groups.iter().map(|it| it.digits.len()).collect();
    let written = match (lengths.as_slice(), groups) {
        // Of 13 and 19 digits there are times and identifiers, and hardly a card.
        ([14..=16], [group]) => !is_fraction(text, group),
        (lengths, _) => matches!(
            lengths,
            [4, 6, 5 | 4] | [4, 4, 4, 1..=4] | [4, 4, 4, 4, 1..=3] | [6, 13]
        ),
    };
    if !written {
        return false;
    }
    let digits = groups.iter().flat_map(|group| group.digits.chars());
    let number: Vec<u32> = digits.filter_map(|c| c.to_digit(10)).collect();
    checks(&number) && is_issued(&number)
}

/// Whether a group is what stands behind the point of a number.
fn is_fraction(text: &str, group: &Group<'_>) -> bool {
    let before = text.get(..group.at).unwrap_or_default();
    let whole = before.strip_suffix('.');
    whole.is_some_and(|whole| whole.ends_with(is_digit))
}

/// Of an issuer who gives out numbers of this length.
fn is_issued(number: &[u32]) -> bool {
    let first = |count: usize| {
        let digits = number.iter().take(count);
        digits.fold(0, |value, digit| value * 10 + digit)
    };
    match number.len() {
        13 => first(1) == 4,
        14 => matches!(first(3), 300..=305 | 309 | 360..=369 | 380..=399),
        15 => matches!(first(2), 34 | 37) || matches!(first(4), 1800 | 2131),
        16 => matches!(
            first(4),
            4000..=4999
                | 5100..=5599
                | 2200..=2204
                | 2221..=2720
                | 6011
                | 6440..=6599
                | 3528..=3589
                | 3600..=3699
                | 6200..=6299
                | 5018
                | 5020
                | 5038
                | 5893
                | 6304
                | 6759
                | 6761..=6763
        ),
        17 | 18 => first(2) == 62,
        19 => first(1) == 4 || first(2) == 62,
        _ => false,
    }
}

/// The check digit of cards (Luhn).
fn checks(number: &[u32]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ if *digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}
