//! Whatever text comes as a sign-in message (ERC-4361): it is refused, or what is written of it says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_identity::model::SiweMessage;

fuzz_target!(|text: &str| {
    if let Ok(message) = text.parse::<SiweMessage>() {
        let written = message.to_string();
        let again: SiweMessage = written.parse().expect("what is written can be read");
        assert_eq!(again.to_string(), written);
    }
});
