//! What plugins are told of what happens: subscriptions, and what is to be delivered next.

mod cause;
mod delivery;
mod subscription;

pub use cause::EventCause;
pub use delivery::{
    AfterDelivery, DeliveryEnd, NextDelivery, Passed, after_delivery, next_delivery,
};
pub(crate) use delivery::{passed, waits_until};
pub use subscription::{
    DeadLetter, DeliveryClaim, LetterRow, PendingDelivery, PluginSubscription, Subscription,
};
