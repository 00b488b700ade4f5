//! The retention rule of each table. A test compares this list with both schemas.

use RowLimit::{Count, Time};
use tessera_identity::{
    model::{DeviceToken, Session},
    ports::KNOWN_NETWORK_DAYS,
};
use tessera_orgs::model::{Invitation, Membership};
use tessera_sso::ENDED_SIGN_IN_KEPT;
use time::Duration;

/// What limits the number of rows of a table, and why.
#[derive(Debug, Clone, Copy)]
pub struct TableRule {
    /// The name of the table.
    pub table: &'static str,
    /// What limits the number of rows.
    pub limit: RowLimit,
    /// Why these rows are kept so long, or what bounds their number.
    pub reason: &'static str,
}

/// What limits the number of rows of a table.
#[derive(Debug, Clone, Copy)]
pub enum RowLimit {
    /// The job deletes old rows.
    Time(TimeLimit),
    /// The job deletes nothing: a quota, or the number of other rows, bounds the number of rows.
    Count,
}

/// The time after which the job deletes a row.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimit {
    /// The columns of the primary key.
    pub key: &'static [&'static str],
    /// Columns with times. The first that is not NULL counts.
    pub times: &'static [&'static str],
    /// How long after that time the row is deleted.
    pub after: RowAge,
}

impl TimeLimit {
    /// An expression for the time of a row. It is that of the index for the deletion.
    pub(super) fn time(&self) -> String {
        let times = self.times.join(", ");
        if self.times.len() == 1 { times } else { format!("coalesce({times})") }
    }
}

/// An age of rows.
#[derive(Debug, Clone, Copy)]
pub enum RowAge {
    /// This long.
    Fixed(Duration),
    /// As long as audit entries are kept.
    AuditEntries,
    /// Two days after the window in which notices are counted.
    NoticeWindow,
}

/// The settings on which rules depend.
#[derive(Debug, Clone, Copy)]
pub struct RetentionSettings {
    /// How long audit entries are kept. `None` means for ever.
    pub audit_entries: Option<Duration>,
    /// The length of the window in which notices are counted.
    pub notice_window: Duration,
}

impl RowAge {
    /// Returns the age, or `None` if the rows are kept for ever.
    #[must_use]
    pub fn duration(self, settings: &RetentionSettings) -> Option<Duration> {
        match self {
            Self::Fixed(age) => Some(age),
            Self::AuditEntries => settings.audit_entries,
            Self::NoticeWindow => Some(settings.notice_window + MARGIN),
        }
    }
}

/// How long rows are kept after they have no effect any more, because the clocks of nodes may differ and operators look at
/// recent rows.
const MARGIN: Duration = Duration::days(2);

/// How long what has expired is kept, so that a late use is answered as expired, and recorded, instead of as unknown.
const AFTER_EXPIRY: RowAge = RowAge::Fixed(Duration::HOUR);

/// How long mails are kept after their end.
const MAILS: RowAge = RowAge::Fixed(Duration::days(30));

/// How long the device of a user is known after its last sign-in.
const DEVICES: RowAge = RowAge::Fixed(Duration::days(400));

const EXPIRES_AT: &[&str] = &["expires_at"];

const fn by_time(
    table: &'static str,
    key: &'static [&'static str],
    times: &'static [&'static str],
    after: RowAge,
    reason: &'static str,
) -> TableRule {
    TableRule { table, limit: Time(TimeLimit { key, times, after }), reason }
}

const fn by_count(table: &'static str, reason: &'static str) -> TableRule {
    TableRule { table, limit: Count, reason }
}

/// The rules of all tables.
pub const TABLE_RULES: &[TableRule] = &[
    by_time("events", &["id"], &["occurred_at"], RowAge::AuditEntries, "The setting TESSERA_AUDIT_DAYS."),
    by_time(
        "sessions",
        &["id"],
        &["ended_at", "expires_at"],
        RowAge::Fixed(Session::RETENTION),
        "An ended session is answered as ended. Its refresh tokens are columns of the row.",
    ),
    by_time(
        "mails",
        &["id"],
        &["delivered_at", "refused_at", "expires_at"],
        MAILS,
        "Operators look up what became of a mail.",
    ),
    by_time(
        "invitations",
        &["id"],
        &["ended_at", "expires_at"],
        RowAge::Fixed(Invitation::RETENTION),
        "Lists of an organization show how its invitations ended.",
    ),
    by_time(
        "invitation_mails",
        &["mail_id"],
        &["sent_at"],
        RowAge::Fixed(Invitation::TTL.saturating_add(MARGIN)),
        "A waiting mail is cancelled with its invitation.",
    ),
    by_time(
        "notice_counts",
        &["topic", "email_canonical"],
        &["started_at"],
        RowAge::NoticeWindow,
        "Counts the notices in a window.",
    ),
    by_time("known_clients", &["user_id", "client"], &["last_seen_at"], DEVICES, "At most 20 for each user."),
    by_time(
        "known_networks",
        &["user_id", "network"],
        &["last_seen_at"],
        RowAge::Fixed(Duration::days(KNOWN_NETWORK_DAYS)),
        "A network counts as known for this time. At most 50 for each user.",
    ),
    by_time(
        "device_tokens",
        &["token_hash"],
        &["last_used_at"],
        RowAge::Fixed(DeviceToken::TTL),
        "A token is valid for this time. At most 20 for each user.",
    ),
    by_time(
        "departures",
        &["organization_id", "user_id"],
        &["left_at"],
        RowAge::Fixed(Membership::NO_DIRECT_ADDITION_AFTER_LEAVING.saturating_add(Duration::DAY)),
        "Prevents a direct addition for 30 days; one day more because the clocks of nodes may differ.",
    ),
    by_time("wallet_challenges", &["nonce"], EXPIRES_AT, AFTER_EXPIRY, "Valid for five minutes."),
    by_time("passkey_ceremonies", &["id"], EXPIRES_AT, AFTER_EXPIRY, "Valid for five minutes."),
    by_time("interrupted_operations", &["token_hash"], EXPIRES_AT, AFTER_EXPIRY, "Valid for ten minutes."),
    by_time("totp_enrollments", &["user_id"], EXPIRES_AT, AFTER_EXPIRY, "Valid for ten minutes."),
    by_time("password_reset_requests", &["id"], EXPIRES_AT, AFTER_EXPIRY, "Valid for thirty minutes."),
    by_time("password_resets", &["user_id"], EXPIRES_AT, AFTER_EXPIRY, "Valid for thirty minutes."),
    by_time("email_proofs", &["user_id", "side"], EXPIRES_AT, AFTER_EXPIRY, "Valid for a day."),
    by_time("email_changes", &["user_id"], EXPIRES_AT, AFTER_EXPIRY, "Valid for a day."),
    by_time("pending_registrations", &["id"], EXPIRES_AT, AFTER_EXPIRY, "Valid for a day."),
    by_time(
        "sso_sessions",
        &["id"],
        EXPIRES_AT,
        RowAge::Fixed(ENDED_SIGN_IN_KEPT),
        "The page of an expired sign-in knows the application.",
    ),
    by_time(
        "sso_codes",
        &["code_hash"],
        EXPIRES_AT,
        RowAge::Fixed(ENDED_SIGN_IN_KEPT),
        "An expired code that is presented is recorded.",
    ),
    by_time("idempotency_keys", &["key_hash"], EXPIRES_AT, AFTER_EXPIRY, "Valid for a day."),
    by_time("rate_limits", &["name", "subject_hash"], EXPIRES_AT, AFTER_EXPIRY, "Expires with its window."),
    by_count("users", "Accounts. The limit `register` bounds how fast they are added."),
    by_count("wallets", "TESSERA_QUOTA_WALLETS for each user."),
    by_count("passkeys", "At most 20 for each user."),
    by_count("totp_factors", "One for each user."),
    by_count("recovery_codes", "Ten for each user."),
    by_count("wrong_passwords", "One for each user, until the next correct password."),
    by_count("custom_data", "One for each user."),
    by_count(
        "organizations",
        "TESSERA_QUOTA_OWNED_ORGANIZATIONS for each user. Deleted ones are removed with their rows.",
    ),
    by_count("memberships", "TESSERA_QUOTA_MEMBERS for each organization."),
    by_count("settings", "One for each organization."),
    by_count("system_data", "One for each user in an organization, and removed with the organization."),
    by_count(
        "applications",
        "TESSERA_QUOTA_APPLICATIONS for each organization. Deleted ones are removed with their rows.",
    ),
    by_count("items", "TESSERA_QUOTA_ITEMS for each application."),
    by_count("service_accounts", "TESSERA_QUOTA_SERVICE_ACCOUNTS for each organization."),
    by_count(
        "api_keys",
        "TESSERA_QUOTA_ORGANIZATION_KEYS for each organization, TESSERA_QUOTA_PERSONAL_KEYS for each member.",
    ),
    by_count("previous_key_secrets", "One for each key."),
    by_count("key_limit_windows", "One for each limit of a key, at most five for each key."),
    by_count("password_hash_costs", "One for each cost that a stored hash has. An hourly job deletes unused ones."),
    by_count("credential_changes", "The latest 10,000, with each change."),
    by_count("credential_epoch", "One row."),
    by_count("secrets", "One for each secret of the installation."),
    by_count("signing_keys", "At most three: a rotation deletes keys that are no longer published."),
    by_count("lock_rows", "A fixed number of rows, which a migration adds."),
    by_count("__diesel_schema_migrations", "One for each migration."),
];
