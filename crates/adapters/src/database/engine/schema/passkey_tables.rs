//! Tables of passkeys.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use super::super::super::types::{Id, Instant};

    passkeys (id) {
        id -> Id,
        user_id -> Id,
        credential_id -> Binary,
        rp_id -> Text,
        credential -> Text,
        counter -> BigInt,
        synced -> Bool,
        name -> Text,
        created_at -> Instant,
        last_used_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::super::types::{Id, Instant};

    passkey_ceremonies (id) {
        id -> Id,
        user_id -> Nullable<Id>,
        session_id -> Nullable<Id>,
        state -> Text,
        expires_at -> Instant,
    }
}
