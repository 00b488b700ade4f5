//! Text parsed as an API key is rejected, or the key has the same text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| tessera_fuzz::api_key(text));
