//! Any body returns a response or a 400 problem.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| tessera_fuzz::body(body));
