//! Text parsed as a sign-in message (ERC-4361) is rejected, or its formatted message has the same content.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_identity::model::SiweMessage;

fuzz_target!(|text: &str| {
    if let Ok(message) = text.parse::<SiweMessage>() {
        let written = message.to_string();
        let again: SiweMessage = written.parse().expect("the message can be parsed");
        assert_eq!(again.to_string(), written);
    }
});
