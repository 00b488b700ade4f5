//! Any query of a list returns the list or a 400 problem.
#![no_main]

libfuzzer_sys::fuzz_target!(|query: &str| tessera_fuzz::query(query));
