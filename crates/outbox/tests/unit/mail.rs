//! Mails.

use tessera_kernel::Secret;
use tessera_outbox::{Mail, MailRefusal, MailRefusalError, back_off};
use tessera_testkit::expectations::{failed, parsed};
use time::Duration;

#[test]
fn a_mail_never_prints_what_it_says() {
    let mail = Mail {
        recipient: parsed("ada@example.com"),
        subject: "An invitation".to_owned(),
        text: Secret::new("https://example.com/?token=abc".to_owned()),
        html: Secret::new("<a href=\"https://example.com/?token=abc\">".to_owned()),
    };
    assert!(!format!("{mail:?}").contains("abc"));
}

#[test]
fn the_wait_doubles_from_five_seconds_to_a_quarter_of_an_hour() {
    let waits: Vec<i64> = (0..=9).map(|attempts| back_off(attempts).whole_seconds()).collect();
    assert_eq!(waits, [5, 5, 10, 20, 40, 80, 160, 320, 640, 900]);
    assert_eq!(back_off(u32::MAX), Duration::minutes(15));
}

#[test]
fn a_refusal_is_a_word_or_a_number() {
    for (refusal, text) in [
        (MailRefusal::Unwritable, "unwritable"),
        (MailRefusal::NonAsciiAddress, "non_ascii_address"),
        (MailRefusal::Reply(550), "550"),
    ] {
        assert_eq!(refusal.to_string(), text);
        assert_eq!(parsed::<MailRefusal>(text), refusal);
    }
    for text in ["", "no such user", "550 no such user", "-1"] {
        assert_eq!(failed(text.parse::<MailRefusal>()), MailRefusalError);
    }
}
