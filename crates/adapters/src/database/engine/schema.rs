//! The tables, as the migrations of both databases make them.

mod addresses;
mod devices;
mod factors;
mod keys;
mod passkey_tables;
mod unjoined;

pub(in crate::database) use addresses::{email_changes, email_proofs, pending_registrations};
pub(in crate::database) use devices::{device_tokens, known_clients, known_networks, wrong_passwords};
pub(in crate::database) use factors::{interrupted_operations, recovery_codes, totp_enrollments, totp_factors};
pub(in crate::database) use keys::{api_keys, key_limit_windows, previous_key_secrets, service_accounts};
pub(in crate::database) use passkey_tables::{passkey_ceremonies, passkeys};
pub(in crate::database) use unjoined::{
    credential_changes, credential_epoch, idempotency_keys, rate_limits, secrets, signing_keys,
};

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use super::super::types::{Id, Instant};

    users (id) {
        id -> Id,
        email -> Nullable<Text>,
        email_canonical -> Nullable<Text>,
        email_verified -> Bool,
        display_name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        avatar_url -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant};

    sessions (id) {
        id -> Id,
        user_id -> Id,
        created_at -> Instant,
        expires_at -> Instant,
        ended_at -> Nullable<Instant>,
        last_used_at -> Nullable<Instant>,
        authenticated_at -> Nullable<Instant>,
        methods -> SmallInt,
        name -> Nullable<Text>,
        device -> Nullable<Text>,
        address -> Nullable<Text>,
        refresh_family -> Nullable<Binary>,
        refresh_secret -> Nullable<Integer>,
        refresh_generation -> Nullable<BigInt>,
        refresh_uses -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::super::types::{Id, Instant};

    wallets (namespace, address) {
        namespace -> Text,
        address -> Text,
        account -> Text,
        user_id -> Id,
        linked_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::types::{Id, Instant};

    wallet_challenges (nonce) {
        nonce -> Text,
        user_id -> Nullable<Id>,
        session_id -> Nullable<Id>,
        account -> Text,
        message -> Text,
        issued_at -> Instant,
        expires_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use super::super::types::{Id, Instant};

    password_reset_requests (id) {
        id -> Id,
        email -> Text,
        email_canonical -> Text,
        request_id -> Text,
        address -> Nullable<Text>,
        expires_at -> Instant,
        client_request_id -> Nullable<Text>,
        links_left -> Nullable<Integer>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use super::super::types::{Id, Instant};

    password_resets (user_id) {
        user_id -> Id,
        token_hash -> Binary,
        email -> Text,
        expires_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Integer, Nullable, Text};
    use super::super::types::{Id, Instant};

    organizations (id) {
        id -> Id,
        name -> Text,
        slug -> Text,
        created_at -> Instant,
        updated_at -> Instant,
        invitation_accepted_at -> Nullable<Instant>,
        deleted_at -> Nullable<Instant>,
        key_count -> Integer,
        mfa_required -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::types::{Id, Instant};

    memberships (organization_id, user_id) {
        organization_id -> Id,
        user_id -> Id,
        role -> Text,
        joined_at -> Instant,
        profile_visible_at -> Nullable<Instant>,
        opened_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use super::super::types::{Id, Instant};

    departures (organization_id, user_id) {
        organization_id -> Id,
        user_id -> Id,
        left_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use super::super::types::{Document, Id, Instant};

    settings (organization_id) {
        organization_id -> Id,
        data -> Document,
        version -> BigInt,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use super::super::types::{Document, Id, Instant};

    system_data (organization_id, user_id) {
        organization_id -> Id,
        user_id -> Id,
        data -> Document,
        version -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use super::super::types::{Document, Id, Instant};

    custom_data (user_id) {
        user_id -> Id,
        data -> Document,
        version -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use super::super::types::{Document, Id, Instant};

    applications (id) {
        id -> Id,
        organization_id -> Id,
        name -> Text,
        description -> Nullable<Text>,
        redirect_uris -> Document,
        permissions -> Document,
        created_at -> Instant,
        updated_at -> Instant,
        key_count -> Integer,
        item_count -> BigInt,
        deleted_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::{Document, Id, Instant};

    items (id) {
        id -> Id,
        application_id -> Id,
        sku -> Text,
        name -> Nullable<Text>,
        description -> Nullable<Text>,
        quantity -> BigInt,
        metadata -> Document,
        version -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::{Document, Id, Instant};

    events (id) {
        id -> Id,
        occurred_at -> Instant,
        name -> Text,
        outcome -> Text,
        actor_kind -> Nullable<Text>,
        actor_id -> Nullable<Id>,
        organization_id -> Nullable<Id>,
        subject -> Nullable<Id>,
        details -> Document,
        request_id -> Text,
        address -> Nullable<Text>,
        client_request_id -> Nullable<Text>,
        attempts -> BigInt,
        attempts_key -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Nullable, Text};
    use super::super::types::{Id, Instant};

    mails (id) {
        id -> Id,
        recipient -> Text,
        sealed -> Nullable<Binary>,
        attempts -> Integer,
        due_at -> Instant,
        created_at -> Instant,
        expires_at -> Instant,
        delivered_at -> Nullable<Instant>,
        refused_at -> Nullable<Instant>,
        refusal -> Nullable<Text>,
        kind -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::types::{Id, Instant};

    invitations (id) {
        id -> Id,
        organization_id -> Id,
        email -> Text,
        pending_email -> Nullable<Text>,
        role -> Text,
        status -> Text,
        token_hash -> Binary,
        invited_by -> Id,
        created_at -> Instant,
        expires_at -> Instant,
        ended_at -> Nullable<Instant>,
        claimed_by -> Nullable<Id>,
        claimed_until -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::types::{Id, Instant};

    invitation_mails (mail_id) {
        mail_id -> Id,
        organization_id -> Id,
        email_canonical -> Text,
        sent_at -> Instant,
        invitation_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::types::{Id, Instant};

    sso_sessions (id) {
        id -> Id,
        application_id -> Id,
        redirect_uri -> Text,
        state -> Text,
        nonce -> Nullable<Text>,
        code_challenge -> Binary,
        browser_hash -> Binary,
        message -> Nullable<Text>,
        account -> Nullable<Text>,
        message_expires_at -> Nullable<Instant>,
        done_at -> Nullable<Instant>,
        created_at -> Instant,
        expires_at -> Instant,
        network -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::types::{Id, Instant};

    sso_codes (code_hash) {
        code_hash -> Binary,
        application_id -> Id,
        organization_id -> Id,
        user_id -> Id,
        redirect_uri -> Text,
        code_challenge -> Binary,
        nonce -> Nullable<Text>,
        account -> Text,
        created_at -> Instant,
        expires_at -> Instant,
        redeemed_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use super::super::types::Instant;

    notice_counts (topic, email_canonical) {
        topic -> Text,
        email_canonical -> Text,
        started_at -> Instant,
        notices -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::Text;

    password_hash_costs (cost) {
        cost -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    api_keys,
    applications,
    invitation_mails,
    invitations,
    items,
    mails,
    memberships,
    organizations,
    password_hash_costs,
    password_reset_requests,
    previous_key_secrets,
    service_accounts,
    sso_sessions,
    users,
    wallets
);
