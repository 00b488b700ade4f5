//! Which recorded actions withdraw something, and what.

use tessera_kernel::{Role, WalletAccount};
use uuid::Uuid;

use super::recorded_action::RecordedAction;

/// A right that was withdrawn after the backup, so that the backup still has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Withdrawal {
    /// The key, or the secret of it that the backup has.
    Key(Uuid),
    /// The use of the key until it is enabled again.
    EnabledKey(Uuid),
    Membership {
        organization: Uuid,
        user: Uuid,
    },
    /// A higher role than this one.
    Role {
        organization: Uuid,
        user: Uuid,
        to: Role,
    },
    Application(Uuid),
    Organization(Uuid),
    ServiceAccount {
        organization: Uuid,
        account: Uuid,
    },
    /// Permissions that are not in this list.
    ServiceAccountPermissions {
        organization: Uuid,
        account: Uuid,
        left: Vec<String>,
    },
    Invitation(Uuid),
    Wallet {
        user: Uuid,
        wallet: Box<WalletAccount>,
    },
    Passkey {
        user: Uuid,
        passkey: Uuid,
    },
    Password(Uuid),
    RecoveryCodes(Uuid),
    /// It can't be repeated, for this reason.
    Impossible(&'static str),
}

/// What an action means for a restored database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It withdraws nothing, or only what ends anyway.
    Nothing,
    Key,
    ChangedKey,
    Membership,
    Role,
    Application,
    Organization,
    ServiceAccount,
    ServiceAccountPermissions,
    Invitation,
    Wallet,
    Factor,
    Password,
    RecoveryCodes,
    Impossible(&'static str),
}

/// Every action of the audit trail. A test compares the names with the documentation, so that a new action is decided.
pub(super) const ACTIONS: &[(&str, Meaning)] = &[
    ("user.registered", Meaning::Nothing),
    ("user.updated", Meaning::Nothing),
    ("user.email_verified", Meaning::Nothing),
    ("user.email_verification_refused", Meaning::Nothing),
    ("user.registration_requested", Meaning::Nothing),
    ("user.verification_mailed", Meaning::Nothing),
    ("user.email_change_requested", Meaning::Nothing),
    ("user.email_change_confirmed", Meaning::Nothing),
    ("user.email_changed", Meaning::Impossible("the backup has the earlier address, and no entry has the new one")),
    ("user.email_change_declined", Meaning::Nothing),
    ("custom_data.written", Meaning::Nothing),
    // All sessions end.
    ("session.started", Meaning::Nothing),
    ("session.ended", Meaning::Nothing),
    ("session.refused", Meaning::Nothing),
    ("session.refresh_reused", Meaning::Nothing),
    ("session.reauthenticated", Meaning::Nothing),
    ("sessions.ended", Meaning::Nothing),
    ("password.changed", Meaning::Password),
    ("password.change_refused", Meaning::Nothing),
    ("password.reset_mailed", Meaning::Nothing),
    ("password.reset", Meaning::Password),
    ("wallet.linked", Meaning::Nothing),
    ("wallet.unlinked", Meaning::Wallet),
    ("wallet.link_refused", Meaning::Nothing),
    ("factor.added", Meaning::Nothing),
    ("factor.removed", Meaning::Factor),
    ("factor.rejected", Meaning::Nothing),
    ("factor.codes_replaced", Meaning::RecoveryCodes),
    ("factor.code_used", Meaning::Impossible("a recovery code that was used is valid again, and no entry says which")),
    ("organization.created", Meaning::Nothing),
    ("organization.updated", Meaning::Nothing),
    ("organization.deleted", Meaning::Organization),
    ("organization.settings_updated", Meaning::Nothing),
    ("system_data.written", Meaning::Nothing),
    ("member.added", Meaning::Nothing),
    ("member.role_changed", Meaning::Role),
    ("member.removed", Meaning::Membership),
    ("invitation.sent", Meaning::Nothing),
    ("invitation.resent", Meaning::Invitation),
    ("invitation.withdrawn", Meaning::Invitation),
    ("invitation.declined", Meaning::Invitation),
    ("invitation.accepted", Meaning::Invitation),
    ("application.created", Meaning::Nothing),
    ("application.updated", Meaning::Nothing),
    ("application.deleted", Meaning::Application),
    ("api_key.generated", Meaning::Nothing),
    ("api_key.revoked", Meaning::Key),
    ("api_key.leaked", Meaning::Key),
    ("api_key.updated", Meaning::ChangedKey),
    ("api_key.rotated", Meaning::Key),
    ("api_key.rotation_finished", Meaning::Key),
    ("organization_key.created", Meaning::Nothing),
    ("organization_key.revoked", Meaning::Key),
    ("organization_key.leaked", Meaning::Key),
    ("organization_key.updated", Meaning::ChangedKey),
    ("organization_key.rotated", Meaning::Key),
    ("organization_key.rotation_finished", Meaning::Key),
    ("service_account.created", Meaning::Nothing),
    ("service_account.updated", Meaning::ServiceAccountPermissions),
    ("service_account.disabled", Meaning::ServiceAccount),
    ("token.exchanged", Meaning::Nothing),
    ("token.refused", Meaning::Nothing),
    ("signing_key.published", Meaning::Nothing),
    (
        "signing_key.removed",
        Meaning::Impossible("a signing key that was removed signs again: run tessera keys rotate --now"),
    ),
    (
        "user_token_secret.added",
        Meaning::Impossible(
            "a secret of user tokens that was replaced signs again: run tessera keys rotate --user-tokens",
        ),
    ),
    (
        "refresh_token_secret.added",
        Meaning::Impossible(
            "a secret of refresh tokens that was replaced is used again: run tessera keys rotate --refresh-tokens",
        ),
    ),
    ("sealed_values.resealed", Meaning::Nothing),
    ("limit.reached", Meaning::Nothing),
    ("permission.denied", Meaning::Nothing),
    // All codes are deleted.
    ("sso.signed_in", Meaning::Nothing),
    ("sso.refused", Meaning::Nothing),
    ("sso.code_redeemed", Meaning::Nothing),
    ("sso.code_refused", Meaning::Nothing),
    ("database.restored", Meaning::Nothing),
];

/// Names of actions that withdraw something.
pub(super) fn withdrawing() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().filter(|(_, meaning)| *meaning != Meaning::Nothing).map(|(name, _)| *name)
}

const UNREADABLE: &str = "the entry lacks a detail, or has another form";

impl Withdrawal {
    /// What the action withdraws. `None` if it withdraws nothing.
    pub(super) fn of(action: &RecordedAction) -> Option<Self> {
        let (_, meaning) = *ACTIONS.iter().find(|(name, _)| *name == action.name)?;
        if meaning == Meaning::Nothing || is_harmless(action, meaning) {
            return None;
        }
        // The entries of some of these have no subject.
        if let Meaning::Impossible(reason) = meaning {
            return Some(Self::Impossible(reason));
        }
        Some(parse(action, meaning).unwrap_or(Self::Impossible(UNREADABLE)))
    }
}

/// Whether an action of that meaning withdraws nothing in this case.
fn is_harmless(action: &RecordedAction, meaning: Meaning) -> bool {
    let detail = |name| action.details.get(name).map(String::as_str);
    match meaning {
        Meaning::ChangedKey => !detail("changed").unwrap_or_default().split(' ').any(|field| field == "enabled"),
        // Without its second factor, an account has fewer protections and no fewer ways in.
        Meaning::Factor => detail("factor") == Some("totp"),
        Meaning::Role => detail("from").and_then(role) < detail("to").and_then(role),
        _ => false,
    }
}

fn role(text: &str) -> Option<Role> {
    text.parse().ok()
}

fn parse(action: &RecordedAction, meaning: Meaning) -> Option<Withdrawal> {
    let (subject, organization) = (action.subject?, action.organization);
    let detail = |name| action.details.get(name);
    Some(match meaning {
        Meaning::Nothing | Meaning::Impossible(_) => return None,
        Meaning::Key => Withdrawal::Key(subject),
        Meaning::ChangedKey => Withdrawal::EnabledKey(subject),
        Meaning::Membership => Withdrawal::Membership { organization: organization?, user: subject },
        Meaning::Role => {
            Withdrawal::Role { organization: organization?, user: subject, to: detail("to")?.parse().ok()? }
        }
        Meaning::Application => Withdrawal::Application(subject),
        Meaning::Organization => Withdrawal::Organization(subject),
        Meaning::ServiceAccount => Withdrawal::ServiceAccount { organization: organization?, account: subject },
        Meaning::ServiceAccountPermissions => {
            let left = detail("permissions")?.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
            Withdrawal::ServiceAccountPermissions { organization: organization?, account: subject, left }
        }
        Meaning::Invitation => Withdrawal::Invitation(subject),
        Meaning::Wallet => Withdrawal::Wallet { user: subject, wallet: Box::new(detail("wallet")?.parse().ok()?) },
        Meaning::Factor => Withdrawal::Passkey { user: subject, passkey: detail("passkey_id")?.parse().ok()? },
        Meaning::Password => Withdrawal::Password(subject),
        Meaning::RecoveryCodes => Withdrawal::RecoveryCodes(subject),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(name: &str) -> RecordedAction {
        RecordedAction {
            id: Uuid::nil(),
            occurred_at: time::OffsetDateTime::UNIX_EPOCH,
            name: name.to_owned(),
            organization: None,
            subject: None,
            details: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn an_action_without_a_subject_has_the_reason_of_its_meaning() {
        for (name, meaning) in ACTIONS {
            let expected = match meaning {
                Meaning::Impossible(reason) => Some(Withdrawal::Impossible(reason)),
                Meaning::Nothing | Meaning::ChangedKey => None,
                _ => Some(Withdrawal::Impossible(UNREADABLE)),
            };
            assert_eq!(Withdrawal::of(&action(name)), expected, "{name}");
        }
    }
}
