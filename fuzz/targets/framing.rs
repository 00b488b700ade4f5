//! The guard and the decoder find the same ends of requests, in any segmentation.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tessera_fuzz::frame(bytes));
