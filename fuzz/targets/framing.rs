//! Whatever comes on a connection: its requests end where the decoder ends them, in however many parts it comes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_fuzz::frame;

fuzz_target!(|bytes: &[u8]| {
    frame(bytes);
});
