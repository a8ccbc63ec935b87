//! Telling plugins what happens: subscriptions, deliveries, dead letters.

mod dead_letters;
mod deliver;
mod dispatch;
mod dispatch_report;
mod pages;
mod subscribe;

pub(crate) use deliver::Claimed;
pub use dispatch_report::{Delivered, DispatchReport, NotDispatched, Rest, Waits};
pub(crate) use pages::Hints;
