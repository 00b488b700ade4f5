//! The tables of the devices of users.

diesel::table! {
    use diesel::sql_types::{Binary, Bool};
    use super::super::super::types::{Id, Instant};

    known_clients (user_id, client) {
        user_id -> Id,
        client -> Binary,
        last_seen_at -> Instant,
        keyed -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Bool};
    use super::super::super::types::{Id, Instant};

    known_networks (user_id, network) {
        user_id -> Id,
        network -> Binary,
        last_seen_at -> Instant,
        keyed -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::Binary;
    use super::super::super::types::{Id, Instant};

    device_tokens (token_hash) {
        token_hash -> Binary,
        user_id -> Id,
        last_used_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::Integer;
    use super::super::super::types::Id;

    wrong_passwords (user_id) {
        user_id -> Id,
        attempts -> Integer,
    }
}
