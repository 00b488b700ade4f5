//! API keys, their previous secrets and their limits, and service accounts.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use super::super::super::types::{Document, Id, Instant};

    api_keys (id) {
        id -> Id,
        application_id -> Nullable<Id>,
        organization_id -> Id,
        created_by -> Id,
        description -> Nullable<Text>,
        key_prefix -> Text,
        key_hash -> Binary,
        permissions -> Document,
        created_at -> Instant,
        expires_at -> Nullable<Instant>,
        revoked_at -> Nullable<Instant>,
        last_used -> Nullable<Instant>,
        rotated_from -> Nullable<Id>,
        user_id -> Nullable<Id>,
        member_since -> Nullable<Instant>,
        service_account_id -> Nullable<Id>,
        name -> Nullable<Text>,
        scope -> Text,
        last_used_ip -> Nullable<Text>,
        last_used_user_agent -> Nullable<Text>,
        disabled_at -> Nullable<Instant>,
        restrictions -> Document,
        remaining_uses -> Nullable<BigInt>,
        uses_since -> Nullable<Instant>,
        rotated_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::super::types::{Id, Instant};

    previous_key_secrets (api_key_id) {
        api_key_id -> Id,
        key_hash -> Binary,
        key_prefix -> Text,
        created_at -> Instant,
        expires_at -> Instant,
        last_used -> Nullable<Instant>,
        last_used_ip -> Nullable<Text>,
        last_used_user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::super::types::{Id, Instant};

    key_limit_windows (api_key_id, name) {
        api_key_id -> Id,
        name -> Text,
        taken -> BigInt,
        since -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::super::types::{Document, Id, Instant};

    service_accounts (id) {
        id -> Id,
        organization_id -> Id,
        name -> Text,
        description -> Nullable<Text>,
        permissions -> Document,
        created_by -> Id,
        created_at -> Instant,
        updated_at -> Instant,
        disabled_at -> Nullable<Instant>,
    }
}
