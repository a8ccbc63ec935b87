//! What is found by a word that is mistyped or unfinished.

use one_ontology::search::{Candidate, edits, rank};
use one_ontology::{HitId, KnowledgeId, SearchQuery};
use proptest::prelude::*;

/// The texts that a query finds, the best first. Each text is a row.
fn found(query: &str, texts: &[&str]) -> Vec<String> {
    let rows: Vec<Candidate> = texts
        .iter()
        .map(|text| Candidate {
            id: HitId::Knowledge(KnowledgeId::of_name(&[text])),
            text: (*text).to_owned(),
            embedding: None,
        })
        .collect();
    let query = SearchQuery {
        text: Some(query.to_owned()),
        ..SearchQuery::default()
    };
    let hits = rank(&query, rows.len() as u64, &rows);
    let text = |id| rows.iter().find(|row| row.id == id).unwrap().text.clone();
    hits.into_iter().map(|hit| text(hit.id)).collect()
}

/// Whether a term alone finds a row of one word.
fn finds(term: &str, word: &str) -> bool {
    !found(term, &[word]).is_empty()
}

#[test]
fn close_words_are_found() {
    for (term, word) in [
        // One edit, from four characters on.
        ("telegran", "telegram"),
        ("telgram", "telegram"),
        ("telegraam", "telegram"),
        ("telegarm", "telegram"),
        ("fomr", "form"),
        ("TELEGRAN", "telegram"),
        ("ärgre", "ärger"),
        // Two, from eight.
        ("knwoldege", "knowledge"),
        ("bootstap1", "bootstrap"),
        // A beginning, from three, however much is missing.
        ("kno", "knowledge"),
        ("form", "formulation"),
        ("漢字文", "漢字文化"),
    ] {
        assert!(finds(term, word), "{term} finds {word}");
    }
}

#[test]
fn far_words_are_not_found() {
    for (term, word) in [
        // Three characters: only beginnings; two: nothing.
        ("fom", "for"),
        ("kn", "knowledge"),
        // Two edits in less than eight characters.
        ("tlegrm", "telegram"),
        ("fromm", "form"),
        // Three edits.
        ("knwlgde", "knowledge"),
        ("boottsap1", "bootstrap"),
        // A number is meant as it stands.
        ("1234", "1235"),
        ("123", "1234"),
        ("20260101", "20260102"),
        // The end or the middle of a word is no beginning.
        ("gram", "telegram"),
    ] {
        assert!(!finds(term, word), "{term} does not find {word}");
    }
}

#[test]
fn only_the_closest_kind_counts() {
    // What begins with it, before what is at one edit.
    assert_eq!(found("form", &["forms", "from"]), ["forms"]);
    // One edit, before two.
    assert_eq!(found("telegran", &["telegrams", "telegram"]), ["telegram"]);
    // A term that a row has is not loosened at all.
    assert_eq!(found("form", &["form", "forms", "from"]), ["form"]);
}

#[test]
fn at_most_eight_words_count_those_of_the_most_rows() {
    let texts: Vec<String> = ('a'..='j').map(|c| format!("word{c}")).collect();
    let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut all = found("word", &texts);
    all.sort();
    assert_eq!(all, texts[..8], "the first by bytes");
    texts.push("wordj again");
    let all = found("word", &texts);
    assert_eq!(all.len(), 9);
    assert!(all.contains(&"wordj".to_owned()) && !all.contains(&"wordh".to_owned()));
}

#[test]
fn what_is_close_weighs_half() {
    // Each term is in one row, of one word more: alike, but for how they were found.
    let texts = ["telegram bot", "discord bot"];
    assert_eq!(found("telegram discorb", &texts)[0], "telegram bot");
    assert_eq!(found("telegran discord", &texts)[0], "discord bot");
}

#[test]
fn close_words_count_together() {
    // Twice by two words is more often than once by one, and how rare they are is counted in rows.
    let texts = ["plugins plugin x", "plugin y z", "other things here"];
    assert_eq!(found("plugi", &texts), ["plugins plugin x", "plugin y z"]);
}

#[test]
fn edits_are_counted() {
    for (a, b, apart) in [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abcd", "badc", 2),
        // Nothing is touched twice: swapped, then parted, is three.
        ("ca", "abc", 3),
        ("kitten", "sitting", 3),
        ("ä", "a", 1),
    ] {
        assert_eq!(edits(a, b), apart, "{a} {b}");
        assert_eq!(edits(b, a), apart, "{b} {a}");
    }
}

proptest! {
    #[test]
    fn one_typo_in_a_long_word_still_finds_it(
        word in "[a-z]{8,20}", at in 0..7_usize, kind in 0..4_u8, other in "[a-z]",
    ) {
        let mut typed: Vec<char> = word.chars().collect();
        let other = other.chars().next().unwrap();
        match kind {
            0 => drop(typed.remove(at)),
            1 => typed.insert(at, other),
            2 => typed[at] = other,
            _ => typed.swap(at, at + 1),
        }
        let typed: String = typed.into_iter().collect();
        prop_assert!(edits(&typed, &word) <= 1);
        prop_assert!(finds(&typed, &word), "{typed} finds {word}");
    }
}
