//! Second factors, and operations that wait for one.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary};
    use super::super::super::types::{Id, Instant};

    totp_factors (user_id) {
        user_id -> Id,
        sealed -> Binary,
        last_step -> BigInt,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::Binary;
    use super::super::super::types::{Id, Instant};

    totp_enrollments (user_id) {
        user_id -> Id,
        sealed -> Binary,
        expires_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::Binary;
    use super::super::super::types::Id;

    recovery_codes (user_id, code_hash) {
        user_id -> Id,
        code_hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Nullable, Text};
    use super::super::super::types::{Document, Id, Instant};

    interrupted_operations (token_hash) {
        token_hash -> Binary,
        user_id -> Id,
        operation -> Document,
        ceremony -> Nullable<Text>,
        attempts -> Integer,
        expires_at -> Instant,
    }
}
