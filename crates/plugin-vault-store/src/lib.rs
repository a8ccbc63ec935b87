#![doc = include_str!("../README.md")]

mod destroy;
mod hex;
mod host_keys;
mod key;
mod local_keys;
mod no_keys;
mod put;
mod rotate;
mod rows;
mod seal;
mod vault;

pub use key::{DataKey, HostKeyId, KeyError, KeyProvider, WrappedKey};
pub use local_keys::LocalKeys;
pub use no_keys::NoKeys;
pub use vault::StoreVault;
