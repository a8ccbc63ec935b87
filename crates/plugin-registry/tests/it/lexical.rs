//! The lexical embedder.

use futures::executor::block_on;
use plugin_registry::{Embedder, LexicalEmbedder};
use proptest::prelude::*;

fn similarity(a: &str, b: &str) -> f32 {
    let embedder = LexicalEmbedder::new();
    embedder
        .vector(a)
        .iter()
        .zip(embedder.vector(b))
        .map(|(x, y)| x * y)
        .sum()
}

const PASSAGES: &[(&str, &str)] = &[
    (
        "refund",
        "Customers may return goods within 30 days. Refunds are paid to the original card within five working days.",
    ),
    (
        "shipping",
        "Orders are shipped from our warehouse in Hamburg. Delivery inside Europe takes three to five days.",
    ),
    (
        "password",
        "To reset your password, open the settings page and choose security. We send a link by e-mail.",
    ),
    (
        "warranty",
        "All devices carry a two year warranty against defects in materials and workmanship.",
    ),
    (
        "opening",
        "The shop is open Monday to Friday from nine to six, and Saturday until two.",
    ),
    (
        "solana",
        "Transfers SOL and SPL tokens between wallets and reads balances over an RPC endpoint.",
    ),
    (
        "discord",
        "Connects an agent to Discord servers: reads channels, answers messages, joins voice chats.",
    ),
    (
        "knowledge",
        "Splits documents into fragments and finds the fragments that answer a question.",
    ),
    (
        "browser",
        "Opens web pages in a headless Chromium and takes screenshots.",
    ),
    (
        "speech",
        "Turns text to speech and transcribes audio recordings.",
    ),
];

#[test]
fn queries_find_the_right_passage() {
    let check = |query: &str, expected: &str| {
        let mut ranked: Vec<_> = PASSAGES
            .iter()
            .map(|(id, text)| (similarity(query, text), *id))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        assert_eq!(ranked[0].1, expected, "{query}: {ranked:?}");
    };
    check("how do I get a refund", "refund");
    check("returning goods", "refund");
    check("when is my order delivered", "shipping");
    check("I forgot my password", "password");
    check("resetting passwords", "password");
    check("is there a warranty for defects?", "warranty");
    check("opening hours on saturday", "opening");
    check("send SOL to a wallet", "solana");
    check("tokenBalance", "solana");
    check("DISCORD_CHANNEL", "discord");
    check("find documents", "knowledge");
    check("screenshot of a web page", "browser");
    check("transcription of audio", "speech");
}

#[test]
fn it_is_lexical_and_says_so() {
    let embedder = LexicalEmbedder::new();
    assert_eq!(embedder.model(), "lexical-1536");
    assert_eq!(embedder.dimension(), 1536);
    // No shared letters, no nearness, whatever the meaning.
    assert!(similarity("automobile", "car") < 0.1);
    assert!(similarity("refund", "refunds") > 0.6);
    assert!(similarity("refund", "REFUND") > 0.999);
}

#[test]
fn the_same_text_has_the_same_vector_on_every_machine() {
    // A change here makes every stored vector wrong without a new name: then change the name too.
    let vector = LexicalEmbedder::new().vector("Refunds are paid within 30 days");
    let mut strongest: Vec<(usize, f32)> = vector.iter().copied().enumerate().collect();
    strongest.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    let shown: Vec<String> = strongest
        .iter()
        .take(6)
        .map(|(at, v)| format!("{at}:{v:.6}"))
        .collect();
    insta::assert_snapshot!(shown.join(" "));
}

#[test]
fn nothing_gives_a_vector_too_and_order_is_kept() {
    let embedder = LexicalEmbedder::new();
    let texts = ["".to_owned(), "a b".to_owned(), "…".to_owned()];
    let vectors = block_on(embedder.embed(&texts)).unwrap();
    assert_eq!(vectors.len(), 3);
    assert_eq!(vectors[0][0], 1.0);
    assert_eq!(vectors[0], vectors[2]);
    assert_eq!(vectors[1], embedder.vector("a b"));
}

proptest! {
    #[test]
    fn every_vector_is_sound(text in "\\PC{0,200}") {
        let vector = LexicalEmbedder::new().vector(&text);
        prop_assert_eq!(vector.len(), 1536);
        prop_assert!(vector.iter().all(|v| v.is_finite()));
        prop_assert!(vector[0] > 0.0);
        let length: f32 = vector.iter().map(|v| v * v).sum();
        prop_assert!((length - 1.0).abs() < 1e-4, "{}", length);
    }
}
