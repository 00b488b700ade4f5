//! Whatever text comes as an API key: it is refused, or it is a key that comes back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_apikeys::model::RawKey;

fuzz_target!(|text: &str| {
    if let Ok(key) = text.parse::<RawKey>() {
        assert_eq!(key.expose(), text);
        assert!(text.starts_with(RawKey::PREFIX) && text.len() == RawKey::PREFIX.len() + 43 + 6);
    }
});
