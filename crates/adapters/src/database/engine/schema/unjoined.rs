//! Tables that no query joins with those of the domains.

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use super::super::super::types::Instant;

    // The database sets `created_at`.
    secrets (name) {
        name -> Text,
        sealed -> Binary,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::super::types::Instant;

    signing_keys (kid) {
        kid -> Text,
        modulus -> Text,
        exponent -> Text,
        sealed -> Binary,
        created_at -> Instant,
        signs_from -> Instant,
        signs_until -> Nullable<Instant>,
        published_until -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Bool, Integer, Text};
    use super::super::super::types::Instant;

    rate_limits (name, subject_hash) {
        name -> Text,
        subject_hash -> Binary,
        events -> Integer,
        expires_at -> Instant,
        admitted -> Bool,
        rejections -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer};

    credential_epoch (id) {
        id -> Integer,
        epoch -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::super::types::Instant;

    // The database sets `recorded_at`, so no clock of a node is compared with that of another one.
    credential_changes (epoch) {
        epoch -> BigInt,
        subjects -> Text,
        recorded_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Bool, Nullable};
    use super::super::super::types::{Id, Instant};

    idempotency_keys (key_hash) {
        key_hash -> Binary,
        owner -> Id,
        fingerprint -> Binary,
        marked -> Bool,
        response -> Nullable<Binary>,
        leased_until -> Instant,
        expires_at -> Instant,
    }
}

diesel::allow_tables_to_appear_in_same_query!(credential_changes, credential_epoch);
