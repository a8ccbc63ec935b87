#![doc = include_str!("../README.md")]

mod destroy;
mod hex;
mod key;
mod local_keys;
mod rotate;
mod rows;
mod seal;
mod vault;

pub use key::{DataKey, HostKeyId, KeyError, KeyProvider, WrappedKey};
pub use local_keys::LocalKeys;
pub use vault::StoreVault;
