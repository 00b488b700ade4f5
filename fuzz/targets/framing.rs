//! The guard and the decoder find the same ends of requests, in any segmentation.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_fuzz::frame;

fuzz_target!(|bytes: &[u8]| {
    frame(bytes);
});
