//! Tables of email addresses.

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Text};
    use super::super::super::types::{Id, Instant};

    email_proofs (user_id, side) {
        user_id -> Id,
        side -> Text,
        email -> Text,
        token_hash -> Binary,
        code_hash -> Binary,
        wrong_codes -> Integer,
        expires_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Text};
    use super::super::super::types::{Id, Instant};

    email_changes (user_id) {
        user_id -> Id,
        email -> Text,
        awaits_new -> Bool,
        awaits_old -> Bool,
        expires_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Nullable, Text};
    use super::super::super::types::{Id, Instant};

    pending_registrations (id) {
        id -> Id,
        email -> Text,
        email_canonical -> Text,
        display_name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        password_hash -> Text,
        secret_hash -> Binary,
        token_hash -> Binary,
        code_hash -> Binary,
        wrong_codes -> Integer,
        created_at -> Instant,
        expires_at -> Instant,
    }
}
