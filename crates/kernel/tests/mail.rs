//! Mails that wait.

use tessera_kernel::{Mail, Secret, back_off};
use tessera_testkit::expectations::parsed;
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
