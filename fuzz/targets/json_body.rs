//! Any body returns a response or a 400 problem.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_fuzz::Target;

fuzz_target!(|body: &[u8]| {
    Target::with(|target| target.put(body));
});
