//! Tests of mails: encryption of queued mails, protection of names, and messages. The tests of delivery by SMTP are in
//! `smtp.rs`.

use std::sync::Arc;

use tessera_adapters::{AskamaMails, FileMailer, MasterKey, SealedOutbox, Sender};
use tessera_apikeys::{leaks::LeakReport, model::ApiKey, ports::ApiKeyMails as _};
use tessera_identity::{
    model::ResetToken,
    ports::{AccountChange, AccountMails as _},
};
use tessera_kernel::{Chain, ProductName, Role, Secret, StoreError};
use tessera_orgs::{
    model::{DirectAddition, InvitationToken, Invited, NewOwner, Organization, Profile},
    ports::MailTemplates as _,
};
use tessera_outbox::{Envelope, Mail, MailSeal as _, Mailer as _, NoticeContext, SealedMail};
use tessera_system::{SystemClock, SystemEntropy};
use tessera_testkit::{
    builders::{
        NOW, api_key, application, device, invitation, mail_id, organization, organization_id, password_reset, user,
        user_id, wallet_account,
    },
    expectations::{failed, ok, parsed},
};
use tessera_tests::mail::in_directory;
use time::{Duration, macros::datetime};

fn mail() -> Mail {
    Mail {
        recipient: parsed("Zoë.Guest@bücher.example"),
        subject: "Grüße\tan Zoë".to_owned(),
        text: Secret::new("the token is abc\n.\n..dots\n".to_owned()),
        html: Secret::new("<p>the token is abc</p>".to_owned()),
    }
}

fn outbox(key: &str) -> SealedOutbox {
    SealedOutbox::new(Arc::new(parsed::<MasterKeyText>(key).0), Arc::new(SystemEntropy))
}

/// The master key has no `Debug`, which a failing `parse` requires.
struct MasterKeyText(MasterKey);

impl std::str::FromStr for MasterKeyText {
    type Err = tessera_adapters::MasterKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn a_sealed_mail_opens_only_with_its_key_and_id() {
    let envelope = Envelope { id: mail_id(1), created_at: NOW, expires_at: NOW + Duration::DAY };
    let sealed = ok(outbox(KEY).seal(envelope, &mail()));
    assert!(!String::from_utf8_lossy(&sealed.sealed).contains("token"));
    assert_eq!(ok(outbox(KEY).open(&sealed)), mail());
    let elsewhere = SealedMail { id: mail_id(2), ..sealed.clone() };
    assert!(matches!(failed(outbox(KEY).open(&elsewhere)), StoreError::Corrupt(_)));
    assert!(matches!(failed(outbox(OTHER).open(&sealed)), StoreError::Corrupt(_)));
}

fn about(organization_name: &str, inviter: &str) -> Invited {
    Invited {
        invitation: invitation(1, organization_id(1), user_id(1)).0,
        organization: Organization { name: parsed(organization_name), ..organization(1) },
        inviter: Profile { user_id: user_id(1), email: None, display_name: Some(inviter.to_owned()) },
        account: None,
    }
}

#[test]
fn names_in_an_invitation_mail_cannot_inject_links_or_html_s189() {
    let token = InvitationToken::generate(&SystemEntropy);
    let templates = AskamaMails::new("https://id.example.com/sub/", ProductName::default());
    let mail =
        templates.invitation(&about("<i>Evil</i> http://evil.example.com", "www.evil.example a@evil.example"), &token);
    let (text, html) = (mail.text.expose(), mail.html.expose());
    let link = format!("https://id.example.com/sub/invitations/accept?token={}", token.expose());
    assert!(text.contains(&link) && html.contains(&format!("href=\"{link}\"")), "{text}{html}");
    for part in ["http://evil", "evil.example", "a@evil"] {
        assert!(!text.contains(part) && !html.contains(part), "{part} in {text}{html}");
    }
    assert!(!html.contains("<i>"), "{html}");
    // A name without text that looks like an address is unchanged.
    let mail = templates.invitation(&about("Bücher & Söhne", "Dr. Zoë"), &token);
    assert_eq!(mail.subject, "\"Dr. Zoë\" invites you to \"Bücher & Söhne\" on Tessera");
    assert!(mail.text.expose().contains("\"Dr. Zoë\" invites you to \"Bücher & Söhne\" on Tessera, as a member."));
}

#[test]
fn names_in_mails_are_cut_and_cannot_end_their_quotation_s189() {
    let (templates, token) =
        (AskamaMails::new("https://id.example.com", ProductName::default()), InvitationToken::generate(&SystemEntropy));
    // A name of 40 characters is shown in full, a longer one is cut, and no quotation mark ends the name early.
    for (name, shown) in [
        ("ä".repeat(40), "ä".repeat(40)),
        ("ä".repeat(41), format!("{}…", "ä".repeat(39))),
        (format!("{} {}", "a".repeat(38), "b".repeat(9)), format!("{}…", "a".repeat(38))),
        ("x\" is closed. “Pay” «now» „here‟ ＂".to_owned(), "x' is closed. 'Pay' 'now' 'here' '".to_owned()),
    ] {
        let about = about(&name, &name);
        let mail = templates.invitation(&about, &token);
        let first = mail.text.expose().lines().nth(2).unwrap_or_default();
        assert_eq!(mail.subject, format!("\"{shown}\" invites you to \"{shown}\" on Tessera"));
        assert_eq!(first, format!("\"{shown}\" invites you to \"{shown}\" on Tessera, as a member."));
        let (to, new) = (parsed("ada@example.com"), &about.inviter);
        for (to_themselves, subject, first) in [
            (true, format!("You are now an owner of \"{shown}\""), format!("You are now an owner of \"{shown}\".")),
            (
                false,
                format!("\"{shown}\" has a new owner"),
                format!("\"{shown}\" is now an owner of \"{shown}\". \"{shown}\" made the change."),
            ),
        ] {
            let by = (!to_themselves).then_some(new);
            let news = NewOwner { organization: &about.organization, owner: new, to_themselves, by };
            let mail = templates.new_owner(&to, &news, MOMENT);
            assert_eq!(mail.subject, subject);
            assert_eq!(mail.text.expose().lines().nth(2), Some(first.as_str()));
        }
    }
}

const MOMENT: NoticeContext = NoticeContext { at: NOW, last: false };

#[test]
fn notice_mails_name_the_change_and_contain_no_link_or_token_s200() {
    let (templates, to) =
        (AskamaMails::new("https://id.example.com/", ProductName::default()), parsed("ada@example.com"));
    let account = wallet_account(5, Chain::Base);
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let rotated = ApiKey { rotated_at: Some(key.created_at), ..key.clone() };
    let mails = [
        (templates.account_changed(&to, AccountChange::PasswordSet, MOMENT), "had no password"),
        (
            templates.account_changed(&to, AccountChange::PasswordChanged, MOMENT),
            "password of your account was changed",
        ),
        (templates.account_changed(&to, AccountChange::WalletLinked(account), MOMENT), "was linked to your account"),
        (
            templates.account_changed(&to, AccountChange::WalletUnlinked(account), MOMENT),
            "was unlinked from your account",
        ),
        (templates.account_changed(&to, AccountChange::SignedIn(device()), MOMENT), "Firefox on Linux from 192.0.2.7"),
        (
            templates.account_changed(&to, AccountChange::ManyWrongPasswords { number: 100 }, MOMENT),
            "100 wrong passwords were sent",
        ),
        (templates.key_generated(&to, &key, MOMENT), "You created an API key"),
        (templates.key_generated(&to, &rotated, MOMENT), "You rotated an API key"),
        (templates.key_leaked(&to, &key, &LeakReport { source: None, url: None }, MOMENT), "leaked and is revoked"),
    ];
    for (mail, words) in &mails {
        for part in [mail.text.expose(), mail.html.expose()] {
            assert!(part.contains(words) && part.contains("at Tessera (https://id.example.com)."), "{part}");
            assert!(part.contains(" UTC") && !part.contains("no more mails"), "{part}");
            // The mail contains no link and no token.
            assert!(!part.contains("href") && !part.contains("token"), "{part}");
        }
        assert_eq!(mail.recipient, to);
        assert!(mail.html.expose().contains(&format!("<title>{}</title>", mail.subject)));
    }
    for mail in [&mails[2].0, &mails[3].0] {
        assert!(mail.text.expose().contains(&account.address().to_string()));
    }
    let last = templates.account_changed(&to, AccountChange::PasswordSet, NoticeContext { last: true, ..MOMENT });
    assert!(last.text.expose().contains("no more mails") && last.html.expose().contains("no more mails"));
}

/// Anyone who has a key can write the texts of a report.
#[test]
fn the_texts_of_a_leak_report_are_shown_without_links_and_cut_off() {
    let templates = AskamaMails::new("https://id.example.com/", ProductName::default());
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let of = |source: &str, url: &str| {
        let report = LeakReport { source: Some(source.to_owned()), url: Some(url.to_owned()) };
        templates.key_leaked(&parsed("ada@example.com"), &key, &report, MOMENT)
    };
    let (url, long) = ("https://evil.example/<b>", format!("https://a.example/{}", "x".repeat(1900)));
    let mail = of("<b>\"evil.example\"", url);
    for (part, [open, close]) in [(mail.text.expose(), ["<", ">"]), (mail.html.expose(), ["&#60;", "&#62;"])] {
        assert!(!part.contains(url) && !part.contains("evil.example"), "{part}");
        let plain = part.replace('\u{200B}', "").replace("&#34;", "\"").replace("&#39;", "'");
        for shown in
            [format!("by \"{open}b{close}'evil.example'\""), format!("at https://evil.example/{open}b{close}.")]
        {
            assert!(plain.contains(&shown), "{shown} is missing from {plain}");
        }
    }
    let text = of("Scanner", &long).text.expose().replace('\u{200B}', "");
    assert!(text.contains(&format!("at {}….", &long[..200])), "{text}");
}

#[test]
fn a_password_reset_mail_contains_one_link_and_its_expiry() {
    let templates = AskamaMails::new("https://id.example.com/sub/", ProductName::default());
    let token = ResetToken::generate(&SystemEntropy);
    let reset = password_reset(1, &user(1), datetime!(2026-11-05 14:07:59 UTC), 0);
    let mail = templates.password_reset(&reset, &token, MOMENT);
    let link = format!("https://id.example.com/sub/password/reset?token={}", token.expose());
    let (text, html) = (mail.text.expose(), mail.html.expose());
    assert!(text.contains(&format!("\n{link}\n")) && html.contains(&format!("href=\"{link}\"")), "{text}{html}");
    for part in [text, html] {
        assert!(
            part.contains("once and expires on 5 November 2026, 14:07 UTC.")
                && part.contains("If you did not request it"),
            "{part}"
        );
        assert!(!part.contains("no more of them"), "{part}");
        assert_eq!(part.matches("http").count(), 1, "{part}");
    }
    assert_eq!((Some(mail.recipient), mail.subject.as_str()), (user(1).email, "Set a new password for Tessera"));
    let last = templates.password_reset(&reset, &token, NoticeContext { last: true, ..MOMENT });
    assert!(last.text.expose().contains("no more of them") && last.html.expose().contains("no more of them"));
}

#[test]
fn every_mail_names_the_product_and_escapes_its_name() {
    let templates = AskamaMails::new("https://id.example.com", parsed("Acme <b>Games</b>"));
    let (to, reset) = (parsed("ada@example.com"), password_reset(1, &user(1), NOW, 0));
    for (mail, in_subject) in [
        (templates.password_reset(&reset, &ResetToken::generate(&SystemEntropy), MOMENT), true),
        (templates.invitation(&about("Acme", "Ada"), &InvitationToken::generate(&SystemEntropy)), true),
        (templates.account_changed(&to, AccountChange::PasswordSet, MOMENT), false),
    ] {
        assert_eq!(mail.subject.contains("Acme <b>Games</b>"), in_subject, "{}", mail.subject);
        assert!(mail.text.expose().contains("Acme <b>Games</b>"), "{}", mail.text.expose());
        let html = mail.html.expose();
        assert!(html.contains("Acme &#60;b&#62;Games&#60;/b&#62;") && !html.contains("<b>"), "{html}");
    }
}

#[test]
fn a_reset_notice_names_the_number_of_unlinked_wallets_s200() {
    let (templates, to) =
        (AskamaMails::new("https://id.example.com", ProductName::default()), parsed("ada@example.com"));
    let notice = |first, wallets_unlinked| {
        let change =
            AccountChange::PasswordReset { first, wallets_unlinked, passkeys_removed: 0, factors_removed: false };
        templates.account_changed(&to, change, MOMENT)
    };
    assert_eq!(notice(true, 0).subject, "Your account has a password now");
    assert_eq!(notice(false, 0).subject, "Your password was changed");
    for (wallets, words) in [(1, "One wallet was unlinked"), (32, "32 wallets were unlinked")] {
        let mail = notice(false, wallets);
        for part in [mail.text.expose(), mail.html.expose()] {
            assert!(part.contains(words) && part.contains("by a link that was sent to this address"), "{part}");
            assert!(!part.contains("href") && !part.contains("token"), "{part}");
        }
    }
    assert!(!notice(false, 0).text.expose().contains("unlinked"));
    let change =
        AccountChange::PasswordReset { first: false, wallets_unlinked: 0, passkeys_removed: 2, factors_removed: false };
    let mail = templates.account_changed(&to, change, MOMENT);
    assert!(mail.text.expose().contains("2 passkeys were removed"), "{}", mail.text.expose());
}

#[test]
fn names_in_a_new_owner_mail_cannot_inject_links_or_html_s189() {
    let organization = Organization { name: parsed("<i>Evil</i> http://evil.example.com"), ..organization(1) };
    let named = |number, name: &str| Profile { user_id: user_id(number), email: None, display_name: Some(name.into()) };
    let (owner, by) = (named(1, "www.evil.example <b>"), named(2, "a@evil.example"));
    let to = parsed("ada@example.com");
    for to_themselves in [true, false] {
        let about = NewOwner { organization: &organization, owner: &owner, to_themselves, by: Some(&by) };
        let mail = AskamaMails::new("https://id.example.com", ProductName::default()).new_owner(&to, &about, MOMENT);
        let (text, html) = (mail.text.expose(), mail.html.expose());
        let (_, body) = html.split_once("<body>").unwrap_or_default();
        for part in ["http://evil", "evil.example", "a@evil"] {
            assert!(!text.contains(part) && !body.contains(part), "{part} in {text}{body}");
        }
        assert!(!html.contains("<i>") && !html.contains("<b>"), "{html}");
        assert_eq!(text.contains("You are now an owner"), to_themselves);
    }
}

#[test]
fn names_in_a_direct_addition_mail_cannot_inject_links_or_html_s189() {
    let organization = Organization { name: parsed("<i>Evil</i> http://evil.example.com"), ..organization(1) };
    let by = Profile { display_name: Some("a@evil.example <b>".to_owned()), ..Profile::hidden(user_id(2)) };
    let about = DirectAddition { organization: &organization, role: Role::Admin, by: Some(&by) };
    let mail = AskamaMails::new("https://id.example.com", ProductName::default()).added_directly(
        &parsed("ada@example.com"),
        &about,
        MOMENT,
    );
    assert_eq!(mail.subject, "You were added to an organization");
    let (text, html) = (mail.text.expose(), mail.html.expose());
    for part in ["http://evil", "a@evil", "href"] {
        assert!(!text.contains(part) && !html.contains(part), "{part} in {text}{html}");
    }
    assert!(!html.contains("<i>") && !html.contains("<b>"), "{html}");
    assert!(text.contains("as an administrator") && text.contains("leave it without opening it"), "{text}");
}

#[test]
fn a_new_owner_with_a_hidden_profile_is_named_by_id_s162() {
    let (organization, owner) = (organization(1), Profile::hidden(user_id(9)));
    let about = NewOwner { organization: &organization, owner: &owner, to_themselves: false, by: None };
    let mail = AskamaMails::new("https://id.example.com", ProductName::default()).new_owner(
        &parsed("ada@example.com"),
        &about,
        MOMENT,
    );
    assert!(
        mail.text.expose().contains(&format!("The user {} is now an owner", user_id(9))),
        "{:?}",
        mail.text.expose()
    );
}

#[tokio::test]
async fn a_mail_is_written_once_as_a_standard_message_file() {
    let home = ok(tempfile::TempDir::new());
    let directory = home.path().join("deep/mail");
    let mailer = FileMailer::new(directory.clone(), parsed("Täst <no-reply@example.com>"), Arc::new(SystemClock));
    ok(mailer.send(mail_id(1), &mail()).await);
    // A second delivery of the same mail keeps one file.
    ok(mailer.send(mail_id(1), &mail()).await);
    let mails = in_directory(&directory);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].id, format!("{}@example.com", mail_id(1)));
    assert_eq!((mails[0].from.as_str(), mails[0].subject.as_str()), ("no-reply@example.com", "Grüße\tan Zoë"));
    assert_eq!(mails[0].text.replace("\r\n", "\n"), *mail().text.expose());
    assert_eq!(mails[0].html.trim_end(), mail().html.expose());
}

#[tokio::test]
async fn a_link_in_a_mail_file_is_one_word_without_escapes() {
    let home = ok(tempfile::TempDir::new());
    let mailer = FileMailer::new(home.path().to_owned(), parsed("no-reply@example.com"), Arc::new(SystemClock));
    let templates = AskamaMails::new("http://localhost:8080", ProductName::default());
    let invitation_token = InvitationToken::generate(&SystemEntropy);
    let reset_token = ResetToken::generate(&SystemEntropy);
    let reset = password_reset(1, &user(1), datetime!(2026-11-05 14:07:59 UTC), 0);
    let mails = [
        (templates.invitation(&about("Acme", "Ada"), &invitation_token), "7bit", invitation_token.expose()),
        (templates.invitation(&about("Bücher", "Zoë"), &invitation_token), "8bit", invitation_token.expose()),
        (templates.password_reset(&reset, &reset_token, MOMENT), "7bit", reset_token.expose()),
    ];
    for (number, (mail, encoding, token)) in (1..).zip(mails) {
        ok(mailer.send(mail_id(number), &mail).await);
        let raw = ok(std::fs::read_to_string(home.path().join(format!("{}.eml", mail_id(number)))));
        assert_eq!(raw.matches(&format!("Content-Transfer-Encoding: {encoding}\r\n")).count(), 2, "{raw}");
        let links = raw.split([' ', '"', '<', '>', '\r', '\n']).filter(|word| word.starts_with("http"));
        let links: Vec<&str> = links.filter(|link| link.ends_with(&format!("?token={token}"))).collect();
        assert!(links.len() >= 2, "{raw}");
    }
}

#[tokio::test]
async fn a_line_too_long_for_a_message_is_encoded_and_survives() {
    let home = ok(tempfile::TempDir::new());
    let mailer = FileMailer::new(home.path().to_owned(), parsed("no-reply@example.com"), Arc::new(SystemClock));
    let long = "word ".repeat(500);
    ok(mailer.send(mail_id(1), &Mail { text: Secret::new(long.clone()), ..mail() }).await);
    assert_eq!(in_directory(home.path())[0].text.trim_end(), long.trim_end());
}

#[tokio::test]
async fn a_subject_cannot_add_headers() {
    let home = ok(tempfile::TempDir::new());
    let mailer = FileMailer::new(home.path().to_owned(), parsed("no-reply@example.com"), Arc::new(SystemClock));
    let subject = "Hello\r\nBcc: all@example.com\r\n\r\nbody".to_owned();
    ok(mailer.send(mail_id(1), &Mail { subject, ..mail() }).await);
    let mails = in_directory(home.path());
    let head = mails[0].raw.split("\r\n\r\n").next().unwrap_or_default();
    assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc:")), "{head}");
}

#[test]
fn a_sender_is_derived_from_the_host() {
    for (host, sender) in [
        ("id.example.com", "Tessera <no-reply@id.example.com>"),
        ("localhost", "Tessera <no-reply@localhost>"),
        ("127.0.0.1", "Tessera <no-reply@localhost>"),
        ("[::1]", "Tessera <no-reply@localhost>"),
    ] {
        assert_eq!(ok(Sender::of_host(&ProductName::default(), host)).to_string(), sender);
    }
    // The text of a sender with any name is accepted as the setting of the sender.
    for name in ["Bücher & Söhne", "Ada \"the first\", Inc. <x@y.example>", "a\\b", "acme.example", "🦀"] {
        let sender = ok(Sender::of_host(&parsed(name), "id.example.com"));
        assert_eq!(ok(sender.to_string().parse::<Sender>()), sender, "{name}");
    }
    for bad in ["", "nobody", "a@[127.0.0.1]", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"] {
        assert!(bad.parse::<Sender>().is_err(), "{bad}");
    }
}
