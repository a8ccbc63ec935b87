//! What is found by words that are mistyped or unfinished.

use one_ontology::{Among, RowId, Scope, SearchQuery, ThingType};

use super::search::{hits, texts, things, words};
use crate::store::kit::{Kit, label};

/// A place with these texts, each a row of knowledge.
async fn place(kit: &Kit, texts: &[&str]) -> Scope {
    let scope = kit.group().await;
    for text in texts {
        kit.add(&scope, kit.knowledge(&scope, text, &[])).await;
    }
    scope
}

async fn check(kit: &Kit, scope: &Scope, query: &str, found: &[&str]) {
    let mut all = texts(kit, scope, &words(query)).await;
    all.sort();
    assert_eq!(all, found, "{query}");
}

pub(crate) async fn a_mistyped_word_is_found(kit: &Kit) {
    let scope = place(kit, &["telegram bot", "a post office"]).await;
    for query in [
        "telegran",
        "telgram",
        "telegraam",
        "TELEGARM",
        "telegran zzz",
    ] {
        check(kit, &scope, query, &["telegram bot"]).await;
    }
    for query in ["tlgrm", "tlegarm", "gram", "bto"] {
        check(kit, &scope, query, &[]).await;
    }
    kit.added(&scope, ThingType::Course, "Telegram for beginners")
        .await;
    let found = texts(kit, &scope, &things("telegran", &[])).await;
    assert_eq!(found, ["Telegram for beginners"]);
}

pub(crate) async fn an_unfinished_word_is_found(kit: &Kit) {
    let scope = place(kit, &["knowledge base", "know how", "nothing"]).await;
    check(kit, &scope, "kno", &["know how", "knowledge base"]).await;
    check(kit, &scope, "knowl", &["knowledge base"]).await;
    check(kit, &scope, "kn", &[]).await;
}

pub(crate) async fn a_word_that_is_there_stands_for_no_other(kit: &Kit) {
    let scope = place(kit, &["form", "forms", "from", "format"]).await;
    check(kit, &scope, "form", &["form"]).await;
}

pub(crate) async fn only_the_closest_words_count(kit: &Kit) {
    let scope = place(kit, &["forms", "from", "telegram", "telegrams"]).await;
    check(kit, &scope, "form", &["forms"]).await;
    check(kit, &scope, "telegran", &["telegram"]).await;
    check(kit, &scope, "telegramx", &["telegram", "telegrams"]).await;
}

pub(crate) async fn at_most_eight_words_stand_for_one(kit: &Kit) {
    let all: Vec<String> = ('a'..='l').map(|c| format!("word{c}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let scope = place(kit, &all).await;
    check(kit, &scope, "word", &all[..8]).await;
    kit.add(&scope, kit.knowledge(&scope, "wordl", &[])).await;
    let mut expected = all[..7].to_vec();
    expected.extend(["wordl", "wordl"]);
    check(kit, &scope, "word", &expected).await;
}

pub(crate) async fn numbers_are_meant_as_they_stand(kit: &Kit) {
    let scope = place(kit, &["20260101", "12345", "v12345"]).await;
    for query in ["20260102", "1234", "123456"] {
        check(kit, &scope, query, &[]).await;
    }
}

pub(crate) async fn what_is_close_weighs_half(kit: &Kit) {
    let scope = place(kit, &["telegram bot", "discord bot"]).await;
    for (query, first) in [
        ("telegram discorb", "telegram bot"),
        ("telegran discord", "discord bot"),
    ] {
        let found = texts(kit, &scope, &words(query)).await;
        assert_eq!(found.len(), 2, "{query}");
        assert_eq!(found[0], first, "{query}");
    }
}

/// Neither do words of rows that are not meant stand for a term, nor does a term count as being
/// there because of them.
pub(crate) async fn only_words_of_rows_that_are_meant_count(kit: &Kit) {
    let scope = kit.group().await;
    for (text, labels) in [
        ("telegram", &["topic:x"] as &[&str]),
        ("telegran", &["topic:y"]),
        ("telegrans", &[]),
    ] {
        kit.add(&scope, kit.knowledge(&scope, text, labels)).await;
    }
    let query = |of: &[&str]| SearchQuery {
        among: Among::Knowledge {
            types: Vec::new(),
            labels: of.iter().map(|name| label(name)).collect(),
        },
        ..words("telegran")
    };
    assert_eq!(texts(kit, &scope, &query(&[])).await, ["telegran"]);
    assert_eq!(texts(kit, &scope, &query(&["topic:x"])).await, ["telegram"]);
    assert_eq!(hits(kit, &scope, &query(&["topic:x", "topic:y"])).await, []);
}

/// What has left, or says something else by now, stands for nothing.
pub(crate) async fn words_that_have_gone_do_not_count(kit: &Kit) {
    let scope = place(kit, &["telegrams"]).await;
    let archived = kit.knowledge(&scope, "telegran", &[]);
    let archived = kit.kept_knowledge(&scope, archived).await;
    let changed = kit.knowledge(&scope, "telegram", &[]);
    let mut changed = kit.kept_knowledge(&scope, changed).await;
    check(kit, &scope, "telegran", &["telegran"]).await;
    let archive = RowId::Knowledge(archived.id);
    kit.commit(kit.changes(&scope).archive(archive, archived.revision))
        .await;
    check(kit, &scope, "telegran", &["telegram"]).await;
    changed.text = Some("something else".to_owned());
    kit.commit(kit.changes(&scope).replace(changed)).await;
    check(kit, &scope, "telegran", &["telegrams"]).await;
}
