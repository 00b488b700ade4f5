//! Text parsed as a sign-in message (ERC-4361) is rejected, or its formatted message has the same content.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| tessera_fuzz::sign_in_message(text));
