//! Notices about changes to accounts, API keys and organizations. These mails contain no link: a recipient who is used
//! to links in them would also follow a link in a forged mail.

use askama::Template;
use tessera_apikeys::{
    leaks::LeakReport,
    model::{ApiKey, KeyOwner},
    ports::ApiKeyMails,
};
use tessera_identity::{
    model::{Device, FactorKind, PasswordReset, ResetToken},
    ports::{AccountChange, AccountMails, VerificationMail},
};
use tessera_kernel::{EmailAddress, Secret};
use tessera_orgs::model::{DirectAddition, NewOwner, OrganizationDeletion, Profile};
use tessera_outbox::{Mail, NoticeContext};
use time::OffsetDateTime;

use super::{
    names::{quoted, unlinked},
    text::{AskamaMails, minute, name, role},
};

#[derive(Template)]
#[template(path = "notice.txt", escape = "none")]
struct NoticeText<'a>(&'a MailText);

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticeHtml<'a>(&'a MailText);

/// Content of both parts of a notice.
struct MailText {
    subject: String,
    news: String,
    when: String,
    product: String,
    service: String,
    advice: &'static str,
    last: bool,
}

/// The change, and advice for a recipient who did not expect it.
pub(super) struct News {
    subject: String,
    text: String,
    advice: &'static str,
}

const PASSWORD: &str =
    "If this was not you, another person can sign in to your account: tell the operator of the service at once.";
const RESET: &str = "If this was not you, another person reads your mails: tell the operator of the service at once.";
const LINKED: &str = "If this was not you, another person can sign in to your account: unlink the wallet, change your password, and \
    tell the operator of the service at once.";
const PASSKEY_ADDED: &str = "If this was not you, another person can sign in to your account: remove the passkey, change your password, and \
    tell the operator of the service at once.";
const UNLINKED: &str = "If this was not you, another person can sign in to your account: change your password, and tell the operator \
    of the service at once.";
const REUSED: &str = "Sign in again to continue. If you do not know why this happened, change your password, and end the sessions that \
    you do not know.";
const SIGNED_IN: &str = "If this was not you, another person can sign in to your account: change your password, end all sessions, and \
    tell the operator of the service at once.";
const MOVED: &str =
    "If this was not you, another person can sign in to your account: tell the operator of the service at once.";
const TAKEN: &str = "If this was you, sign in to the account that you have, or set a new password for it. If not, you can ignore this \
    mail: nothing has changed.";
const FACTOR_ADDED: &str = "If this was not you, another person can sign in to your account: remove the factor, change your password, end all \
    sessions, and tell the operator of the service at once.";
const FACTORS_REMOVED: &str = " Until then the address was not verified, so all second factors were removed.";
const OWNER: &str = "Owners have every permission in an organization. If this is not right, tell its other owners or the operator of \
    the service.";
const DELETED: &str =
    "This cannot be undone. If this is not right, tell the other owners or the operator of the service.";
const WRONG_PASSWORDS: &str = "If this was not you, another person may be guessing. A long password that you use only here can't be \
    guessed: if yours is not one, change it. This is the only mail about it until you sign in with your password.";
const ADDED: &str = "The other members see your email address and your name once you open the organization. If you do not know \
    it, leave it without opening it: you can't be added again for 30 days.";
const KEY: &str = "If this was not you, another person can sign in to your account: revoke the key, change your password, and tell \
    the operator of the service at once.";

const LEAKED: &str = "Replace the key where it was used, and find out how it became public. If the organization does not know this key, \
    tell the operator of the service.";

impl AskamaMails {
    pub(super) fn notice(&self, to: &EmailAddress, news: News, context: NoticeContext) -> Mail {
        let mail_text = MailText {
            subject: news.subject,
            news: news.text,
            when: minute(context.at),
            product: self.product.to_string(),
            service: self.public_url.clone(),
            advice: news.advice,
            last: context.last,
        };
        Mail {
            recipient: to.clone(),
            text: Secret::new(NoticeText(&mail_text).render().unwrap_or_default()),
            html: Secret::new(NoticeHtml(&mail_text).render().unwrap_or_default()),
            // Mail clients make no links in a subject, so it needs no protection.
            subject: mail_text.subject,
        }
    }
}

impl AccountMails for AskamaMails {
    #[expect(clippy::too_many_lines, reason = "one text for each change, in one place")]
    fn account_changed(&self, to: &EmailAddress, change: AccountChange, context: NoticeContext) -> Mail {
        let (subject, text, advice) = match change {
            AccountChange::PasswordSet => (
                "Your account has a password now",
                "Your account had no password. One was set, and all other sessions were ended.".to_owned(),
                PASSWORD,
            ),
            AccountChange::PasswordChanged => (
                "Your password was changed",
                "The password of your account was changed, and all other sessions were ended.".to_owned(),
                PASSWORD,
            ),
            AccountChange::PasswordReset { first, wallets_unlinked, passkeys_removed, factors_removed } => (
                if first { "Your account has a password now" } else { "Your password was changed" },
                format!(
                    "A password was set for your account by a link that was sent to this address, and all sessions were \
                     ended.{}{}",
                    removed_methods(wallets_unlinked, passkeys_removed),
                    if factors_removed { FACTORS_REMOVED } else { "" }
                ),
                RESET,
            ),
            AccountChange::WalletLinked(wallet) => (
                "A wallet was linked to your account",
                format!("The wallet {} was linked to your account. Its holder can sign in.", wallet.address()),
                LINKED,
            ),
            AccountChange::WalletUnlinked(wallet) => (
                "A wallet was unlinked from your account",
                format!("The wallet {} was unlinked from your account. It can no longer sign in.", wallet.address()),
                UNLINKED,
            ),
            AccountChange::PasskeyAdded => (
                "A passkey was added to your account",
                "A passkey was added to your account. Its holder can sign in without a password.".to_owned(),
                PASSKEY_ADDED,
            ),
            AccountChange::PasskeyRemoved => (
                "A passkey was removed from your account",
                "A passkey was removed from your account. It can no longer sign in.".to_owned(),
                UNLINKED,
            ),
            AccountChange::FactorAdded(factor) => (
                "A second factor was added to your account",
                format!(
                    "{} was added to your account. From now on, a sign-in requires a second factor.",
                    named(factor)
                ),
                FACTOR_ADDED,
            ),
            AccountChange::FactorRemoved(factor) => (
                "A second factor was removed from your account",
                format!("{} was removed from your account.", named(factor)),
                UNLINKED,
            ),
            AccountChange::RecoveryCodesReplaced => (
                "Your recovery codes were replaced",
                "New recovery codes were created for your account. The earlier ones are no longer valid.".to_owned(),
                UNLINKED,
            ),
            AccountChange::RecoveryCodeUsed { left } => (
                "A recovery code was used",
                format!("A recovery code of your account was used in place of a second factor. {}", codes_left(left)),
                UNLINKED,
            ),
            AccountChange::RefreshReused => (
                "A session of your account was ended",
                "A refresh token of a session was used a second time. Another program or person may have a copy of it, so \
                 the session was ended on all its devices."
                    .to_owned(),
                REUSED,
            ),
            AccountChange::EmailChanged { to_old: true } => (
                "The email address of your account was changed",
                "Your account has another email address now. It no longer uses this one.".to_owned(),
                MOVED,
            ),
            AccountChange::EmailChanged { to_old: false } => (
                "The email address of your account was changed",
                "This is the email address of your account now. You sign in with it.".to_owned(),
                MOVED,
            ),
            AccountChange::SignedIn(device) => ("New sign-in to your account", sign_in(device), SIGNED_IN),
            AccountChange::ManyWrongPasswords { number } => (
                "Wrong passwords for your account",
                format!(
                    "{number} wrong passwords were sent for your account since the last correct one. None of them was \
                     accepted, and attempts from elsewhere do not lock you out where you usually sign in."
                ),
                WRONG_PASSWORDS,
            ),
        };
        self.notice(to, News { subject: subject.to_owned(), text, advice }, context)
    }

    fn password_reset(&self, reset: &PasswordReset, token: &ResetToken, context: NoticeContext) -> Mail {
        self.reset_link(reset, token, context)
    }

    fn verification(&self, mail: &VerificationMail<'_>) -> Mail {
        self.verification_link(mail)
    }

    fn address_taken(&self, to: &EmailAddress, at: OffsetDateTime) -> Mail {
        let news = News {
            subject: "Your email address was entered for another account".to_owned(),
            text:
                "This email address was entered for a new or another account, but you have an account with it already."
                    .to_owned(),
            advice: TAKEN,
        };
        self.notice(to, news, NoticeContext { at, last: false })
    }
}

/// Describes the unlinked wallets and the removed passkeys. An owner who recovers an account does not need to know which
/// ones they were, only that they cannot sign in any more.
fn removed_methods(wallets: usize, passkeys: usize) -> String {
    let sentence = |count: usize, one: &str, many: &str, end: &str| match count {
        0 => String::new(),
        1 => format!(" One {one} was {end} and can no longer sign in."),
        more => format!(" {more} {many} were {end} and can no longer sign in."),
    };
    let wallets = sentence(wallets, "wallet", "wallets", "unlinked");
    let passkeys = sentence(passkeys, "passkey", "passkeys", "removed");
    if wallets.is_empty() && passkeys.is_empty() {
        return String::new();
    }
    format!(" Until then the address was not verified.{wallets}{passkeys}")
}

fn named(factor: FactorKind) -> &'static str {
    match factor {
        FactorKind::Totp => "An authenticator app",
        FactorKind::Passkey => "A passkey",
    }
}

fn codes_left(left: u64) -> String {
    match left {
        0 => "No code is left: create new ones.".to_owned(),
        1 => "One code is left.".to_owned(),
        more => format!("{more} codes are left."),
    }
}

fn sign_in(device: Device) -> String {
    let from = device.address().map(|address| format!(" from {address}")).unwrap_or_default();
    format!("Your account was signed in to from a new device: {device}{from}.")
}

impl ApiKeyMails for AskamaMails {
    fn key_generated(&self, to: &EmailAddress, key: &ApiKey, context: NoticeContext) -> Mail {
        let rights = match key.owner {
            KeyOwner::Application(id) => format!("It can do what its permissions allow in the application {id}"),
            KeyOwner::User(_) => format!("It acts as you in the organization {}", key.organization_id),
            KeyOwner::ServiceAccount(id) => format!("It acts as the service account {id}"),
        };
        let (subject, what) = match key.rotated_at {
            None => ("You created an API key", "You created an API key that begins with"),
            Some(_) => ("You rotated an API key", "You rotated an API key. Its new secret begins with"),
        };
        let text = format!("{what} {}. {rights}.", key.key_prefix);
        self.notice(to, News { subject: subject.to_owned(), text, advice: KEY }, context)
    }

    fn key_leaked(&self, to: &EmailAddress, key: &ApiKey, report: &LeakReport, context: NoticeContext) -> Mail {
        let whose = match key.owner {
            KeyOwner::Application(id) => format!("the application {id} in"),
            KeyOwner::User(_) => "a member of".to_owned(),
            KeyOwner::ServiceAccount(id) => format!("the service account {id} of"),
        };
        let text = format!(
            "An API key of {whose} the organization {} was reported as leaked and is revoked. It begins with {}.{}",
            key.organization_id,
            key.key_prefix,
            found(report)
        );
        self.notice(to, News { subject: "A leaked API key was revoked".to_owned(), text, advice: LEAKED }, context)
    }
}

/// Maximum number of characters of a URL in a mail.
const LONGEST_URL: usize = 200;

/// Describes a report. Anyone who has a key can send one, so its texts must not look like texts of this service.
fn found(report: &LeakReport) -> String {
    let source =
        report.source.as_deref().map(|source| format!(" by {}", unlinked(&quoted(source)))).unwrap_or_default();
    let place = report.url.as_deref().map(|url| format!(" at {}", unlinked(&shortened(url)))).unwrap_or_default();
    if source.is_empty() && place.is_empty() {
        return String::new();
    }
    format!(" According to the report, which is not verified, it was found{source}{place}.")
}

fn shortened(url: &str) -> String {
    let mut start: String = url.chars().take(LONGEST_URL).collect();
    if start.len() < url.len() {
        start.push('…');
    }
    start
}

/// Describes a new owner. Users have chosen the names in the text.
pub(super) fn of_owner(about: &NewOwner<'_>) -> News {
    let organization = quoted(about.organization.name.as_str());
    let by = about.by.map(|by| format!(" {} made the change.", unlinked(&name(by)))).unwrap_or_default();
    let (subject, who) = if about.to_themselves {
        (format!("You are now an owner of {organization}"), "You are".to_owned())
    } else {
        (format!("{organization} has a new owner"), format!("{} is", owner_name(about.owner)))
    };
    News { subject, text: format!("{who} now an owner of {}.{by}", unlinked(&organization)), advice: OWNER }
}

/// Owners must be able to identify a new owner whose profile is still hidden from them.
fn owner_name(owner: &Profile) -> String {
    if owner.display_name.is_none() && owner.email.is_none() {
        return format!("The user {}", owner.user_id);
    }
    unlinked(&name(owner))
}

pub(super) fn of_deletion(about: &OrganizationDeletion<'_>) -> News {
    let organization = quoted(about.organization.name.as_str());
    let who = about.by.map_or_else(|| "You".to_owned(), owner_name);
    let text = format!("{who} deleted {} with its applications, API keys and data.", unlinked(&organization));
    News { subject: format!("{organization} was deleted"), text, advice: DELETED }
}

pub(super) fn of_addition(about: &DirectAddition<'_>) -> News {
    let organization = unlinked(&quoted(about.organization.name.as_str()));
    let by = about.by.map_or_else(|| "A service account".to_owned(), |by| unlinked(&name(by)));
    let text = format!("{by} added you to {organization} as {}.", role(about.role));
    News { subject: "You were added to an organization".to_owned(), text, advice: ADDED }
}
