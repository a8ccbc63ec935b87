//! See `plugin_resolver_fuzz::ranges`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plugin_resolver_fuzz::ranges(data));
