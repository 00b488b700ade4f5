//! What people are told of what was done to what is theirs. These mails have no link: whoever is used to follow one from such
//! a mail would follow anybody's.

use askama::Template;
use tessera_apikeys::{model::ApiKey, ports::KeyLetters};
use tessera_identity::{
    model::{Client, PasswordReset, ResetToken},
    ports::{AccountChange, AccountLetters},
};
use tessera_kernel::{EmailAddress, Mail, NoticeContext, Secret};
use tessera_orgs::model::{DirectAddition, NewOwner, Profile};

use super::{
    names::{quoted, unlinked},
    text::{AskamaLetters, minute, name, role},
};

#[derive(Template)]
#[template(path = "notice.txt", escape = "none")]
struct NoticeText<'a>(&'a Words);

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticeHtml<'a>(&'a Words);

/// What both parts of a notice say.
struct Words {
    subject: String,
    news: String,
    when: String,
    service: String,
    advice: &'static str,
    last: bool,
}

/// What is new, and what to do if it should not be.
pub(super) struct News {
    subject: String,
    text: String,
    advice: &'static str,
}

const PASSWORD: &str = "If it was not you, somebody else can sign in as you: tell whoever runs the service at once.";
const RESET: &str = "If it was not you, somebody else reads your mails: tell whoever runs the service at once.";
const LINKED: &str = "If it was not you, somebody else can sign in as you: unlink the wallet, change your password, and tell \
    whoever runs the service at once.";
const UNLINKED: &str = "If it was not you, somebody else can sign in as you: change your password, and tell whoever runs the service at once.";
const SIGNED_IN: &str = "If it was not you, somebody else can sign in as you: change your password, end all your sessions, and tell \
    whoever runs the service at once.";
const OWNER: &str = "Owners may do everything in an organization. If this is not as it should be, tell its other owners, or \
    whoever runs the service.";
const ADDED: &str = "The other members see your email address and your name once you open the organization. If you do not know \
    it, leave it without opening it: you can't be added again for 30 days.";
const KEY: &str = "If it was not you, somebody else can sign in as you: revoke the key, change your password, and tell \
    whoever runs the service at once.";

impl AskamaLetters {
    pub(super) fn notice(&self, to: &EmailAddress, news: News, context: NoticeContext) -> Mail {
        let words = Words {
            subject: news.subject,
            news: news.text,
            when: minute(context.at),
            service: self.public_url.clone(),
            advice: news.advice,
            last: context.last,
        };
        Mail {
            recipient: to.clone(),
            text: Secret::new(NoticeText(&words).render().unwrap_or_default()),
            html: Secret::new(NoticeHtml(&words).render().unwrap_or_default()),
            // Nothing makes links of a subject.
            subject: words.subject,
        }
    }
}

impl AccountLetters for AskamaLetters {
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
            AccountChange::PasswordReset { first, wallets_unlinked } => (
                if first { "Your account has a password now" } else { "Your password was changed" },
                format!(
                    "A password was set for your account by a link that was sent to this address, and all sessions were \
                     ended.{}",
                    unlinked_wallets(wallets_unlinked)
                ),
                RESET,
            ),
            AccountChange::WalletLinked(wallet) => (
                "A wallet was linked to your account",
                format!("The wallet {} was linked to your account: whoever holds it can sign in.", wallet.address()),
                LINKED,
            ),
            AccountChange::WalletUnlinked(wallet) => (
                "A wallet was unlinked from your account",
                format!(
                    "The wallet {} was unlinked from your account: nobody signs in by it any more.",
                    wallet.address()
                ),
                UNLINKED,
            ),
            AccountChange::SignedIn(client) => {
                ("Your account was signed in to with something new", sign_in(client), SIGNED_IN)
            }
        };
        self.notice(to, News { subject: subject.to_owned(), text, advice }, context)
    }

    fn password_reset(&self, reset: &PasswordReset, token: &ResetToken, context: NoticeContext) -> Mail {
        self.reset_link(reset, token, context)
    }
}

/// Whoever gets an account back need not know what somebody else had linked to it, but that nobody comes in by that.
fn unlinked_wallets(count: usize) -> String {
    let wallets = match count {
        0 => return String::new(),
        1 => "One wallet was".to_owned(),
        more => format!("{more} wallets were"),
    };
    format!(
        " Until then nobody had proved that this address is theirs. {wallets} unlinked, so nobody signs in that way."
    )
}

fn sign_in(client: Client) -> String {
    let from = client.address().map(|address| format!(" from {address}")).unwrap_or_default();
    format!("Your account was signed in to with {client}{from}, which was not seen there before.")
}

impl KeyLetters for AskamaLetters {
    fn key_generated(&self, to: &EmailAddress, key: &ApiKey, context: NoticeContext) -> Mail {
        let text = format!(
            "You made an API key that begins with {}. Whoever has it can do what it permits in the application {}.",
            key.key_prefix, key.application_id
        );
        self.notice(to, News { subject: "You made an API key".to_owned(), text, advice: KEY }, context)
    }
}

/// The names in it are their bearers' own choice.
pub(super) fn of_owner(about: &NewOwner<'_>) -> News {
    let organization = quoted(about.organization.name.as_str());
    let by = about.by.map(|by| format!(" {} saw to that.", unlinked(&name(by)))).unwrap_or_default();
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

pub(super) fn of_addition(about: &DirectAddition<'_>) -> News {
    let organization = unlinked(&quoted(about.organization.name.as_str()));
    let text = format!("{} added you to {organization} as {}.", unlinked(&name(about.by)), role(about.role));
    News { subject: "You were added to an organization".to_owned(), text, advice: ADDED }
}
