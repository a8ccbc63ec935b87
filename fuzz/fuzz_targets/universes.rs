//! See `plugin_resolver_fuzz::universes`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plugin_resolver_fuzz::universes(data));
