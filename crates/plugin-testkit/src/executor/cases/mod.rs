//! Every clause of the contract, a function each.

pub(crate) mod cancel;
pub(crate) mod fence;
pub(crate) mod host;
pub(crate) mod invoke;
pub(crate) mod logs;
pub(crate) mod once;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod stop;
