//! Any query of a list returns the list or a 400 problem.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_fuzz::Target;

fuzz_target!(|query: &str| {
    Target::with(|target| target.list(query));
});
