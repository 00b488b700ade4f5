//! Text parsed as an API key is rejected, or the key has the same text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_apikeys::model::RawKey;

fuzz_target!(|text: &str| {
    if let Ok(key) = text.parse::<RawKey>() {
        assert_eq!(key.expose(), text);
        assert!(RawKey::has_prefix(text) && text.len() == 4 + 43 + 6);
    }
});
