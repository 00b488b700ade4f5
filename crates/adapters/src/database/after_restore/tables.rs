//! What `after-restore` does with each table.

/// The treatment of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// The rows stay. Withdrawals may change some.
    Keep,
    /// The rows that meet a condition are deleted, by a column that has an index.
    Delete { by: &'static str, only: &'static str, called: &'static str },
    /// All sessions end.
    EndSessions,
    /// 2^32 is added, so that a number that a node knows never means another change.
    RaiseEpoch,
}

/// A table, its treatment, and the reason.
pub(super) type Rule = (&'static str, Treatment, &'static str);

const ALL: &str = "TRUE";

const fn delete(by: &'static str, called: &'static str) -> Treatment {
    Treatment::Delete { by, only: ALL, called }
}

/// Every table. A test compares the list with the schema, so that a new table is decided.
pub(super) const TABLES: &[Rule] = &[
    ("__diesel_schema_migrations", Treatment::Keep, "the schema of the file"),
    ("api_keys", Treatment::Keep, "valid until they are revoked"),
    ("applications", Treatment::Keep, "content"),
    ("credential_changes", Treatment::Keep, "read by epoch, and the epoch is raised"),
    ("credential_epoch", Treatment::RaiseEpoch, "nodes compare it with what they know"),
    ("custom_data", Treatment::Keep, "content"),
    ("departures", Treatment::Keep, "limits what others may do"),
    (
        "device_tokens",
        delete("token_hash", "device tokens"),
        "a bearer secret that lifts limits on guesses; a password reset after the backup has deleted some",
    ),
    ("email_changes", delete("user_id", "open changes of email addresses"), "confirmed by links that end"),
    ("email_proofs", delete("user_id", "links and codes of email addresses"), "one-time tokens"),
    ("events", Treatment::Keep, "the audit trail"),
    ("idempotency_keys", delete("key_hash", "idempotency records"), "responses to requests of another history"),
    ("interrupted_operations", delete("token_hash", "interrupted operations"), "one-time tokens"),
    ("invitation_mails", Treatment::Keep, "limits the number of mails"),
    ("invitations", Treatment::Keep, "valid until they are accepted, withdrawn or expired"),
    ("items", Treatment::Keep, "content"),
    ("key_limit_windows", Treatment::Keep, "counters of the present window"),
    ("known_clients", Treatment::Keep, "decides about notices, and is no way in"),
    ("known_networks", Treatment::Keep, "decides about turns in a queue, and is no way in"),
    ("lock_rows", Treatment::Keep, "locked by their ids, and nothing else"),
    (
        "mails",
        Treatment::Delete { by: "id", only: "delivered_at IS NULL AND refused_at IS NULL", called: "waiting mails" },
        "they were delivered after the backup, or have links that end",
    ),
    ("memberships", Treatment::Keep, "valid until they are removed"),
    ("notice_counts", Treatment::Keep, "limits the number of mails"),
    ("organizations", Treatment::Keep, "content"),
    ("passkey_ceremonies", delete("id", "passkey ceremonies"), "challenges"),
    ("passkeys", Treatment::Keep, "valid until they are removed"),
    ("password_hash_costs", Treatment::Keep, "follows from the hashes"),
    ("password_reset_requests", delete("id", "requests of reset links"), "answered after the backup"),
    ("password_resets", delete("user_id", "reset links"), "one-time tokens"),
    ("pending_registrations", delete("id", "registrations without a verified address"), "finished by links and codes"),
    ("previous_key_secrets", Treatment::Keep, "they expire, and end with their key"),
    ("rate_limits", Treatment::Keep, "counters of windows that have ended since"),
    ("recovery_codes", Treatment::Keep, "all of a user are deleted if they were replaced after the backup"),
    ("secrets", Treatment::Keep, "nodes need them; they sign nothing by themselves, because all sessions end"),
    ("service_accounts", Treatment::Keep, "valid until they are disabled"),
    ("sessions", Treatment::EndSessions, "also ends their refresh tokens"),
    ("settings", Treatment::Keep, "content"),
    ("signing_keys", Treatment::Keep, "other services verify with them"),
    ("sso_codes", delete("code_hash", "authorization codes"), "one-time tokens"),
    ("sso_sessions", delete("id", "sign-ins for applications"), "grants that are not finished, with their nonces"),
    ("system_data", Treatment::Keep, "content"),
    ("totp_enrollments", delete("user_id", "unconfirmed authenticator apps"), "secrets that were shown once"),
    ("totp_factors", Treatment::Keep, "a protection"),
    ("users", Treatment::Keep, "content"),
    ("wallet_challenges", delete("nonce", "challenges to wallets"), "one-time nonces"),
    ("wallets", Treatment::Keep, "valid until they are unlinked"),
    ("wrong_passwords", Treatment::Keep, "counters that protect"),
];
