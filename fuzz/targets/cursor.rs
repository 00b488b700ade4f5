//! Whatever comes as the query of a list: the list, or 400 with a problem.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_fuzz::Target;

fuzz_target!(|query: &str| {
    Target::with(|target| target.list(query));
});
