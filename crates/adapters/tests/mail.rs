//! Mails: sealed where they wait, worded so that names stay names, and written down as messages. How they go over the wire
//! is in `smtp.rs`.

use std::sync::Arc;

use tessera_adapters::{FileMailer, InvitationLetters, MasterKey, SealedOutbox, Sender, SystemClock, SystemEntropy};
use tessera_kernel::{Mail, MailSeal as _, Mailer as _, SealedMail, Secret, StoreError};
use tessera_orgs::{
    model::{InvitationToken, Invited, Organization, Profile},
    ports::Letters as _,
};
use tessera_testkit::{
    builders::{NOW, invitation, mail_id, organization, organization_id, user_id},
    expectations::{failed, ok, parsed},
};
use tessera_tests::mail::in_directory;
use time::Duration;

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

/// A key has no `Debug`, which a failing `parse` would ask for.
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
fn a_sealed_mail_opens_with_its_key_and_under_its_id_only() {
    let sealed = ok(outbox(KEY).seal(mail_id(1), &mail(), NOW, NOW + Duration::DAY));
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
fn s189_inv_injection() {
    let token = InvitationToken::generate(&SystemEntropy);
    let letters = InvitationLetters::new("https://id.example.com/sub/");
    let mail =
        letters.invitation(&about("<i>Evil</i> http://evil.example.com", "www.evil.example a@evil.example"), &token);
    let (text, html) = (mail.text.expose(), mail.html.expose());
    let link = format!("https://id.example.com/sub/invitations/accept?token={}", token.expose());
    assert!(text.contains(&link) && html.contains(&format!("href=\"{link}\"")), "{text}{html}");
    for part in ["http://evil", "evil.example", "a@evil"] {
        assert!(!text.contains(part) && !html.contains(part), "{part} in {text}{html}");
    }
    assert!(!html.contains("<i>"), "{html}");
    // Where nothing looks like an address, a name is left as it is.
    let mail = letters.invitation(&about("Bücher & Söhne", "Dr. Zoë"), &token);
    assert_eq!(mail.subject, "Dr. Zoë invites you to Bücher & Söhne");
    assert!(mail.text.expose().contains("Dr. Zoë invites you to Bücher & Söhne as a member."));
}

#[tokio::test]
async fn a_mail_becomes_a_message_that_others_can_read() {
    let home = ok(tempfile::TempDir::new());
    let directory = home.path().join("deep/mail");
    let mailer = FileMailer::new(directory.clone(), parsed("Täst <no-reply@example.com>"), Arc::new(SystemClock));
    ok(mailer.send(mail_id(1), &mail()).await);
    // Once more: it stays one file.
    ok(mailer.send(mail_id(1), &mail()).await);
    let letters = in_directory(&directory);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].id, format!("{}@example.com", mail_id(1)));
    assert_eq!((letters[0].from.as_str(), letters[0].subject.as_str()), ("no-reply@example.com", "Grüße\tan Zoë"));
    assert_eq!(letters[0].text.replace("\r\n", "\n"), *mail().text.expose());
    assert_eq!(letters[0].html.trim_end(), mail().html.expose());
}

#[tokio::test]
async fn a_subject_makes_no_headers() {
    let home = ok(tempfile::TempDir::new());
    let mailer = FileMailer::new(home.path().to_owned(), parsed("no-reply@example.com"), Arc::new(SystemClock));
    let subject = "Hello\r\nBcc: all@example.com\r\n\r\nbody".to_owned();
    ok(mailer.send(mail_id(1), &Mail { subject, ..mail() }).await);
    let letters = in_directory(home.path());
    let head = letters[0].raw.split("\r\n\r\n").next().unwrap_or_default();
    assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc:")), "{head}");
}

#[test]
fn a_host_has_a_sender() {
    for (host, sender) in [
        ("id.example.com", "Tessera <no-reply@id.example.com>"),
        ("localhost", "Tessera <no-reply@localhost>"),
        ("127.0.0.1", "Tessera <no-reply@localhost>"),
        ("[::1]", "Tessera <no-reply@localhost>"),
    ] {
        assert_eq!(ok(Sender::of_host(host)).to_string(), sender);
    }
    for bad in ["", "nobody", "a@[127.0.0.1]", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"] {
        assert!(bad.parse::<Sender>().is_err(), "{bad}");
    }
}
