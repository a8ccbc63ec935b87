//! What fits best, decided the same way for every store.
//!
//! [`rank`] is the rule: texts by BM25 over the rows that are [meant](Among), vectors by cosine,
//! joined by reciprocal rank fusion. It looks at every row. An [`Index`] of one place gives the
//! same answer, to the last bit, without looking at every row.
//!
//! # Texts
//!
//! [`words`] says what a word is, [`terms`] which words a query looks for. BM25 has k1 = 1.2 and
//! b = 0.75. How rare a word is, is counted among the rows that are meant; the mean length is that of those with any of the words.
//!
//! A term that none of the rows meant has is taken for mistyped or unfinished. It is looked for as
//! the words of those rows that are closest to it, all of one kind, the first kind that there is:
//!
//! 1. words that begin with it, if it has at least 3 characters;
//! 2. words at one edit from it, if it has at least 4;
//! 3. words at two edits from it, if it has at least 8.
//!
//! An edit leaves a character out, puts one in, changes one, or swaps two neighbours ([`edits`]).
//! At most 8 words count: those of the most rows, then the first by bytes. They count together as one term, at half the weight. A term of digits only is
//! meant as it stands.
//!
//! # Vectors
//!
//! Only vectors of the same model and length are compared ([`Embedding::similarity`]).
//!
//! # Both
//!
//! Each list goes down to its 100th row, or to the query's limit if that is more; equals are in
//! order of id. A row's score is the sum over both lists of 1 / (60 + its rank).
//!
//! [`Embedding::similarity`]: crate::Embedding::similarity

mod bounds;
mod comparable;
mod dots;
mod follower;
mod fusion;
mod index;
mod int8;
mod matrix;
mod query;
mod recent;
mod rest;
mod rows;
mod rule;
mod scoring;
mod slots;
mod text;
mod typo;
mod vectors;
mod words;

pub use follower::Follower;
pub use index::{Index, Search};
pub use int8::Int8Index;
pub use query::{Among, Hit, HitId, SearchQuery};
pub use recent::Recent;
pub use rule::{Candidate, rank};
pub use slots::{Slot, Slots};
pub use text::{knowledge_text, terms, thing_text, words};
pub use typo::edits;
pub use vectors::{ExactIndex, Near, VectorIndex};
