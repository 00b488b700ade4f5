//! Whatever comes as a body: the answer, or 400 with a problem.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_fuzz::Target;

fuzz_target!(|body: &[u8]| {
    Target::with(|target| target.put(body));
});
