//! The default embedder: lexical, without any model.

use async_trait::async_trait;

use crate::{Embedder, EmbedderError};

/// The length of its vectors.
const DIMENSION: usize = 1536;

/// How far into a text it reads, in words.
const MAX_WORDS: usize = 20_000;

/// The fixed first component: small beside the rest, and never 0.
const BIAS: f64 = 0.031_25;

/// How much a word weighs by its stem, as it was written, and by its pieces together.
const WEIGHTS: (f64, f64, f64) = (1.0, 0.5, 1.0);

/// Words that say little; they weigh a twentieth.
const COMMON: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "but", "by", "can", "could", "did", "do", "does", "for", "from",
    "get", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it",
    "its", "just", "like", "may", "me", "more", "most", "must", "my", "no", "not", "of", "on",
    "one", "only", "or", "other", "our", "out", "over", "she", "should", "so", "some", "such",
    "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "to",
    "under", "up", "us", "use", "used", "using", "very", "was", "we", "were", "what", "when",
    "where", "which", "who", "why", "will", "with", "would", "you", "your",
];

/// Turns texts into vectors by their letters: hashed words and pieces of words, 1536 dimensions.
///
/// Lexical, not semantic: texts are near when they share words or parts of words ("refund",
/// "refunds"), and never because they mean the same in other words. It needs no model, no network
/// and no floating-point function whose result differs between machines, so the same text has the
/// same vector everywhere.
///
/// Each vector has length 1. Its first component is the same small number for every text and never
/// 0, because real plugins take a vector that begins with 0 for a failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct LexicalEmbedder;

impl LexicalEmbedder {
    /// The name its vectors are marked with.
    pub const MODEL: &'static str = "lexical-1536";

    /// The embedder.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// The vector of one text.
    #[must_use]
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let mut sums = vec![0.0_f64; DIMENSION];
        for (word, count) in words(text) {
            let common = COMMON.contains(&word.as_str());
            // Sublinear in the count; `sqrt` is exact on every machine, a logarithm is not.
            let weight = f64::from(count).sqrt() * if common { 0.05 } else { 1.0 };
            let (by_stem, as_written, by_pieces) = WEIGHTS;
            add(&mut sums, 'w', &word, weight * as_written);
            if common {
                continue;
            }
            add(&mut sums, 's', &stem(&word), weight * by_stem);
            let pieces = pieces(&word);
            let count = f64::from(u32::try_from(pieces.len()).unwrap_or(1).max(1));
            for piece in &pieces {
                add(&mut sums, 'p', piece, weight * by_pieces / count.sqrt());
            }
        }
        let length = sums.iter().map(|sum| sum * sum).sum::<f64>().sqrt();
        let rest = (1.0 - BIAS * BIAS).sqrt();
        let mut vector: Vec<f32> = sums
            .iter()
            .map(|sum| {
                if length > 0.0 {
                    narrow(sum / length * rest)
                } else {
                    0.0
                }
            })
            .collect();
        if let Some(first) = vector.first_mut() {
            *first = narrow(if length > 0.0 { BIAS } else { 1.0 });
        }
        vector
    }
}

#[async_trait]
impl Embedder for LexicalEmbedder {
    fn model(&self) -> &str {
        Self::MODEL
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }
}

/// Every word in lower case with its count, sorted. `camelCase` and `SNAKE_CASE` are words apart.
fn words(text: &str) -> std::collections::BTreeMap<String, u32> {
    let mut counts = std::collections::BTreeMap::new();
    let mut word = String::new();
    let mut taken = 0_usize;
    let mut lower_before = false;
    for c in text.chars().chain(std::iter::once(' ')) {
        let boundary = !c.is_alphanumeric() || (lower_before && c.is_uppercase());
        if boundary && !word.is_empty() {
            *counts.entry(std::mem::take(&mut word)).or_insert(0_u32) += 1;
            taken += 1;
            if taken >= MAX_WORDS {
                break;
            }
        }
        lower_before = c.is_lowercase();
        // Beyond 256 bytes a word is cut, so that no text costs more than its length.
        if c.is_alphanumeric() && word.len() < 256 {
            word.extend(c.to_lowercase());
        }
    }
    counts
}

/// The word without the endings that English puts to nouns and verbs, roughly.
fn stem(word: &str) -> String {
    let mut stem = word;
    if let Some(rest) = word.strip_suffix("ies").filter(|rest| rest.len() > 2) {
        return format!("{rest}y");
    }
    if !["ss", "us", "is"].iter().any(|end| stem.ends_with(end))
        && let Some(rest) = stem.strip_suffix('s').filter(|rest| rest.len() > 2)
    {
        stem = rest;
    }
    for ending in ["ing", "ed", "er"] {
        if let Some(rest) = stem.strip_suffix(ending).filter(|rest| rest.len() > 3) {
            stem = rest;
            break;
        }
    }
    let mut last = stem.chars().rev();
    match (last.next(), last.next()) {
        // resett-ing, forgott-en
        (Some(a), Some(b)) if a == b && a.is_ascii_alphabetic() && stem.len() < word.len() => {
            stem.strip_suffix(a).unwrap_or(stem).to_owned()
        }
        (Some('e'), _) if stem.len() > 3 => stem.strip_suffix('e').unwrap_or(stem).to_owned(),
        _ => stem.to_owned(),
    }
}

/// The pieces of three and four characters of `^word$`.
fn pieces(word: &str) -> Vec<String> {
    let marked: Vec<char> = std::iter::once('^')
        .chain(word.chars())
        .chain(std::iter::once('$'))
        .collect();
    let mut pieces = Vec::new();
    for size in [3, 4] {
        pieces.extend(
            marked
                .windows(size)
                .map(|window| window.iter().collect::<String>()),
        );
    }
    pieces
}

/// Adds a feature of a kind at the place and with the sign that its hash says, never at the first
/// place.
fn add(sums: &mut [f64], kind: char, feature: &str, weight: f64) {
    let hash = hash(format!("{kind}:{feature}").as_bytes());
    let places = sums.len().saturating_sub(1).max(1) as u64;
    let place = usize::try_from((hash >> 1) % places).unwrap_or(0) + 1;
    if let Some(sum) = sums.get_mut(place) {
        *sum += if hash & 1 == 0 { weight } else { -weight };
    }
}

/// FNV-1a of 64 bits, mixed so that all bits count.
fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "vectors are of 32 bits; rounding to the nearest is meant"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}
