//! See `plugin_resolver_fuzz::specs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plugin_resolver_fuzz::specs(data));
