//! Requests of password resets.

use tessera_identity::{
    RequestPasswordReset, ResetPassword,
    model::{PasswordReset, ResetToken, User},
};
use tessera_kernel::RequestMetadata;
use tessera_outbox::{Mail, Notices};
use tessera_testkit::{
    Workbench,
    builders::{NOW, bare_user, origin, user, user_id, wallet},
    expectations::{ok, parsed, some},
};
use time::Duration;

/// User 1 with an address, and user 2 with only a wallet.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.user_with_password(1, "correct horse").await;
    bench.stores.add_users([&bare_user(2)]).await;
    bench.stores.add_wallets(user_id(2), [&wallet(1)]).await;
    bench
}

async fn ask(bench: &Workbench, email: &str) {
    ok(bench
        .identity()
        .request_password_reset(RequestPasswordReset { email: email.to_owned(), origin: origin() })
        .await);
}

async fn answer(bench: &Workbench) -> usize {
    ok(bench.identity().process_reset_requests(100).await)
}

fn token_in(mail: &Mail) -> ResetToken {
    parsed(mail.text.expose())
}

#[tokio::test]
async fn a_link_is_sent_to_the_address_stored_in_the_account() {
    let bench = bench().await;
    ask(&bench, " USER1@example.COM ").await;
    assert_eq!(bench.mails().await, []);
    assert_eq!(answer(&bench).await, 1);
    let mails = bench.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].recipient.as_str(), mails[0].subject.as_str()), ("user1@example.com", "reset"));
    assert_eq!(*mails[0].html.expose(), (NOW + PasswordReset::TTL).to_string());
    let token = token_in(&mails[0]);
    let command = ResetPassword { token, password: parsed("battery staple"), origin: origin() };
    ok(bench.identity().reset_password(command).await);
    assert_eq!(answer(&bench).await, 0);
}

#[tokio::test]
async fn a_reset_request_has_no_visible_effect_before_the_job_runs_s19() {
    let bench = bench().await;
    for email in ["user1@example.com", "user2@example.com", "unknown@example.com", "not an address", ""] {
        ask(&bench, email).await;
    }
    // No account was looked up yet, so the requests have had no visible effect.
    assert_eq!((bench.mails().await, bench.actions(None).await), (vec![], vec![]));
    assert_eq!(answer(&bench).await, 1);
    let recipients: Vec<_> = bench.mails().await.into_iter().map(|mail| mail.recipient.to_string()).collect();
    assert_eq!(recipients, ["user1@example.com"]);
}

#[tokio::test]
async fn the_audit_entry_contains_no_reset_token() {
    let bench = bench().await;
    ask(&bench, "user1@example.com").await;
    answer(&bench).await;
    let (events, mails) = (bench.events(None).await, bench.mails().await);
    assert_eq!((events.len(), events[0].name.as_str()), (1, "password.reset_mailed"));
    assert_eq!(
        (events[0].subject, &events[0].actor, &events[0].origin),
        (Some(user_id(1).as_uuid()), &None, &origin())
    );
    assert!(!format!("{events:?} {mails:?}").contains(token_in(&mails[0]).expose()));
}

#[tokio::test]
async fn reset_mails_per_address_are_limited_s34() {
    let bench = bench().await;
    let mut subjects = Vec::new();
    let mut ask_often = async |count: u32| {
        for _ in 0..count {
            ask(&bench, "user1@example.com").await;
            answer(&bench).await;
            bench.clock.advance(Duration::SECOND);
        }
        subjects.extend(bench.mails().await.into_iter().map(|mail| mail.subject));
        (subjects.len(), bench.actions(None).await.len())
    };
    assert_eq!(ask_often(Notices::MOST + 3).await, (5, 5));
    // The five mails were not delivered. Their links expire before the hour is over.
    bench.clock.advance(Notices::WINDOW - Duration::seconds(9));
    // The last link has expired, so another one is sent despite the limit.
    assert_eq!(ask_often(1).await, (6, 6));
    assert_eq!(ask_often(1).await, (7, 7));
    assert_eq!(subjects, ["reset", "reset", "reset", "reset", "last reset", "last reset", "reset"]);
}

#[tokio::test]
async fn the_mail_limit_never_leaves_the_user_without_a_valid_link_s34() {
    let bench = bench().await;
    let (identity, mut seen, mut sent_at) = (bench.identity(), Vec::new(), Vec::new());
    // Strangers in many networks keep requesting resets. The user always has a valid link in a mail.
    for minute in 0..180 {
        let origin = RequestMetadata { address: Some([198, 51, 100, minute].into()), ..origin() };
        let command = RequestPasswordReset { email: "user1@example.com".to_owned(), origin };
        ok(identity.request_password_reset(command).await);
        answer(&bench).await;
        for mail in bench.mails().await {
            let token = mail.text.expose().clone();
            if !seen.contains(&token) {
                seen.push(token);
                sent_at.push(minute);
            }
        }
        let last: ResetToken = parsed(&seen[seen.len() - 1]);
        ok(identity.view_reset(&last).await);
        bench.clock.advance(Duration::MINUTE);
    }
    // Five mails per hour, and one more because a link is valid for half an hour.
    assert_eq!(sent_at, [0, 1, 2, 3, 4, 34, 60, 61, 62, 63, 64, 94, 120, 121, 122, 123, 124, 154]);
}

#[tokio::test]
async fn a_new_link_is_sent_after_the_last_one_is_used_s34() {
    let bench = bench().await;
    for _ in 0..=Notices::MOST {
        ask(&bench, "user1@example.com").await;
        answer(&bench).await;
        bench.clock.advance(Duration::SECOND);
    }
    let token = token_in(&bench.mails().await[4]);
    let command = ResetPassword { token, password: parsed("battery staple"), origin: origin() };
    ok(bench.identity().reset_password(command).await);
    ask(&bench, "user1@example.com").await;
    answer(&bench).await;
    let subjects: Vec<String> = bench.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert!(subjects.contains(&"last reset".to_owned()), "{subjects:?}");
    ask(&bench, "user1@example.com").await;
    answer(&bench).await;
    assert_eq!(bench.mails().await, [], "the link is valid");
}

#[tokio::test]
async fn requests_over_the_mail_limit_keep_the_last_link_valid_s34() {
    let bench = bench().await;
    for _ in 0..=Notices::MOST {
        ask(&bench, "user1@example.com").await;
        answer(&bench).await;
        bench.clock.advance(Duration::SECOND);
    }
    let mails = bench.mails().await;
    assert_eq!(mails.len(), 5);
    ok(bench.identity().view_reset(&token_in(&mails[4])).await);
}

#[tokio::test]
async fn several_requests_for_one_address_send_one_mail() {
    let bench = bench().await;
    for email in ["user1@example.com", "User1@example.com", "unknown@example.com", "user1@EXAMPLE.com"] {
        ask(&bench, email).await;
    }
    assert_eq!(answer(&bench).await, 1);
    assert_eq!(bench.mails().await.len(), 1);
}

#[tokio::test]
async fn at_most_the_given_number_of_requests_is_processed() {
    let bench = bench().await;
    bench.stores.add_users([&user(3), &User { email_verified: false, ..user(4) }]).await;
    for number in [1, 3, 4] {
        ask(&bench, some(user(number).email).as_str()).await;
    }
    for answered in [2, 1, 0] {
        assert_eq!(ok(bench.identity().process_reset_requests(2).await), answered);
    }
    assert_eq!(bench.mails().await.len(), 3);
}

#[tokio::test]
async fn a_request_that_is_not_processed_in_time_has_no_effect() {
    let bench = bench().await;
    ask(&bench, "user1@example.com").await;
    bench.clock.advance(PasswordReset::TTL);
    assert_eq!(answer(&bench).await, 0);
    assert_eq!(bench.mails().await, []);
}
