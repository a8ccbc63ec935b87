//! JavaScript's words, one after the other.

mod scan;
mod token;

pub(crate) use scan::scan;
pub(crate) use token::{Kind, Token, Tokens};
