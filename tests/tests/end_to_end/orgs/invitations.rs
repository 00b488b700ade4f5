//! Invitations: sent by mail, viewed with the token, accepted once.

use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, text_of},
    database::Backend,
    mail::{ReceivedMail, last_of},
    on_both,
    process::Installation,
    smtp::Sink,
    test_org::{PASSWORD, Person, TestOrg, sign_in, unique},
};
use tokio::task::JoinSet;

fn path(acme: &TestOrg) -> String {
    format!("/orgs/{}/invitations", acme.org)
}

fn new_address() -> String {
    format!("{}@example.com", unique("Guest"))
}

/// Invites an address and returns the invitation.
async fn invite(acme: &TestOrg, by: &Person, email: &str, role: &str) -> Value {
    by.post(&path(acme), &json!({"email": email, "role": role})).await.expecting(201)
}

/// The token of the mail with the given number to an address.
async fn token(acme: &TestOrg, email: &str, count: usize) -> String {
    last_of(&acme.service.installation, email, count).await.token()
}

async fn invited(acme: &TestOrg, email: &str, role: &str) -> String {
    invite(acme, &acme.owner, email, role).await;
    token(acme, email, 1).await
}

async fn accept(acme: &TestOrg, token: &str) -> Answer {
    acme.api().post("/invitations/accept", &json!({"token": token})).await
}

async fn role_of(acme: &TestOrg, user: &str) -> Value {
    acme.owner.get(&acme.members(Some(user))).await.expecting(200)["role"].clone()
}

/// The body of a response without the request id.
fn body(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["request_id"].take();
    body
}

on_both! {
    an_invitation_is_sent_by_mail_and_can_be_accepted
    an_existing_account_gets_a_token_only_when_signed_in
    a_new_account_can_accept_without_a_password
    an_invitation_token_appears_only_in_the_mail_s180
    one_of_50_concurrent_acceptances_succeeds_s181
    the_request_that_creates_the_account_joins_s181
    replaced_resent_and_withdrawn_tokens_are_rejected_s181
    only_the_invited_account_can_accept_s182
    the_stored_role_and_the_rights_of_the_inviter_decide_s183
    invitations_per_inviter_are_limited_s187
    names_in_an_invitation_mail_cannot_inject_links_or_html_s189
    a_membership_change_ends_the_invitation_s147
    an_invitation_does_not_reveal_whether_an_account_exists_s20
    an_administrator_cannot_invite_or_replace_an_owner_s146
    a_member_is_not_invited
    invitations_are_listed_with_their_status
    a_weak_password_does_not_use_the_invitation
    a_bad_credential_is_401_and_a_key_403
    invitations_are_audited
}

async fn an_invitation_is_sent_by_mail_and_can_be_accepted(backend: Backend) {
    let sink = Sink::start().await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &sink.url());
    let acme = TestOrg::open_on(installation).await;
    let email = new_address();
    let sent = invite(&acme, &acme.owner, &email, "admin").await;
    assert_eq!((&sent["email"], &sent["role"], &sent["status"]), (&json!(email), &json!("admin"), &json!("pending")));
    let mail: ReceivedMail = tessera_tests::eventually("the mail", tessera_tests::mail::DELIVERY_DEADLINE, || {
        std::future::ready(sink.mails().into_iter().next())
    })
    .await;
    assert_eq!((mail.to.as_str(), mail.from.as_str()), (email.as_str(), "no-reply@localhost"));
    assert!(mail.link().starts_with("http://localhost:8080/invitations/accept?token="), "{}", mail.link());
    let words = json!({"token": mail.token(), "password": PASSWORD, "display_name": "Grace"});
    let accepted = acme.api().post("/invitations/accept", &words).await.expecting(200);
    assert_eq!((&accepted["organization_id"], &accepted["role"]), (&json!(acme.org), &json!("admin")));
    assert_eq!((&accepted["new_user"], &accepted["profile_completion_required"]), (&json!(true), &json!(false)));
    let own = acme.api().bearer(&text_of(&accepted, "token"));
    let me = own.get("/users/me").await.expecting(200);
    assert_eq!((&me["email"], &me["email_verified"], &me["id"]), (&json!(email), &json!(true), &accepted["user_id"]));
    let signed_in = acme.api().bearer(&sign_in(&acme.api(), &email).await);
    assert_eq!(signed_in.get(&format!("/orgs/{}", acme.org)).await.expecting(200)["role"], "admin");
}

async fn an_existing_account_gets_a_token_only_when_signed_in(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (one, two) = (Person::register(&acme.api()).await, Person::register(&acme.api()).await);
    let forwarded = invited(&acme, &one.email.to_uppercase(), "member").await;
    let words = json!({"token": forwarded, "password": PASSWORD, "display_name": "Mallory"});
    let accepted = acme.api().post("/invitations/accept", &words).await.expecting(200);
    assert_eq!((&accepted["user_id"], &accepted["new_user"]), (&json!(one.id), &json!(false)));
    assert_eq!(accepted["token"], Value::Null);
    // The account is unchanged.
    assert_eq!(one.again().await.get("/users/me").await.expecting(200)["display_name"], Value::Null);
    let token = invited(&acme, &two.email, "member").await;
    let accepted = two.post("/invitations/accept", &json!({"token": token})).await.expecting(200);
    let again = acme.api().bearer(&text_of(&accepted, "token"));
    assert_eq!(again.get("/users/me").await.expecting(200)["id"], json!(two.id));
    // The token belongs to the same session and ends with it.
    two.post("/auth/logout", &json!({})).await.is(204);
    again.get("/users/me").await.problem(401, "invalid_token");
}

async fn a_new_account_can_accept_without_a_password(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = new_address();
    let token = invited(&acme, &email, "member").await;
    let accepted = accept(&acme, &token).await.expecting(200);
    assert_eq!((&accepted["new_user"], &accepted["profile_completion_required"]), (&json!(true), &json!(true)));
    let login = acme.api().post("/auth/login", &json!({"email": email, "password": PASSWORD})).await;
    login.problem(401, "invalid_credentials");
}

async fn an_invitation_token_appears_only_in_the_mail_s180(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = new_address();
    let sent = acme.owner.post(&path(&acme), &json!({"email": email, "role": "member"})).await;
    let token = token(&acme, &email, 1).await;
    assert_eq!(token.len(), 43);
    let listed = acme.owner.get(&path(&acme)).await.text();
    let told = [sent.text(), listed, acme.service.node.log()];
    assert!(told.iter().all(|text| !text.contains(&token)), "{told:?}");
    let id = text_of(&sent.json(), "id");
    accept(&acme, &id).await.problem(400, "invitation_invalid");
}

/// Several requests accept one invitation concurrently. Exactly one joins; it has created the account, so it gets an
/// access token.
async fn race(acme: &TestOrg, many: usize) {
    let token = invited(acme, &new_address(), "member").await;
    let mut running: JoinSet<Answer> = JoinSet::new();
    for _ in 0..many {
        let (api, body) = (acme.api(), json!({"token": token}));
        running.spawn(async move { api.post("/invitations/accept", &body).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = running.join_all().await.into_iter().partition(|answer| answer.status == 200);
    let won: Vec<Value> = won.into_iter().map(|answer| answer.expecting(200)).collect();
    assert!(matches!(&won[..], [won] if won["new_user"] == true && won["token"].is_string()), "{won:?}");
    for lost in lost {
        match lost.status {
            409 => lost.problem(409, "invitation_in_progress"),
            _ => lost.problem(400, "invitation_invalid"),
        };
    }
}

async fn one_of_50_concurrent_acceptances_succeeds_s181(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    race(&acme, 50).await;
    let members = acme.owner.get(&acme.members(None)).await.expecting(200);
    assert_eq!(members.as_array().map(Vec::len), Some(2));
}

async fn the_request_that_creates_the_account_joins_s181(backend: Backend) {
    // The test sends more invitations than the limit of one inviter permits.
    let acme = TestOrg::open_on(Installation::new(backend).await.set("TESSERA_THROTTLE", "off")).await;
    for _ in 0..40 {
        race(&acme, 4).await;
    }
}

async fn replaced_resent_and_withdrawn_tokens_are_rejected_s181(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = new_address();
    let replaced = invited(&acme, &email, "admin").await;
    let id = text_of(&invite(&acme, &acme.owner, &email, "member").await, "id");
    let resent = token(&acme, &email, 2).await;
    acme.owner.post(&format!("{}/{id}/resend", path(&acme)), &json!({})).await.is(200);
    let last = token(&acme, &email, 3).await;
    let unknown = "A".repeat(43);
    let expected = body(&accept(&acme, &unknown).await);
    for old in [&replaced, &resent, "short"] {
        let answer = accept(&acme, old).await;
        answer.problem(400, "invitation_invalid");
        assert_eq!(body(&answer), expected);
    }
    acme.owner.delete(&format!("{}/{id}", path(&acme))).await.is(204);
    acme.owner.delete(&format!("{}/{id}", path(&acme))).await.is(204);
    assert_eq!(body(&accept(&acme, &last).await), expected);
    acme.owner.post(&format!("{}/{id}/resend", path(&acme)), &json!({})).await.problem(409, "invitation_closed");
    let used = invited(&acme, &new_address(), "member").await;
    accept(&acme, &used).await.is(200);
    assert_eq!(body(&accept(&acme, &used).await), expected);
}

async fn only_the_invited_account_can_accept_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (guest, other) = (Person::register(&acme.api()).await, Person::register(&acme.api()).await);
    let token = invited(&acme, &guest.email, "member").await;
    let answer = other.post("/invitations/accept", &json!({"token": token})).await;
    answer.problem(409, "invitation_for_another_address");
    acme.owner.get(&acme.members(Some(&other.id))).await.problem(404, "member_not_found");
    guest.post("/invitations/accept", &json!({"token": token})).await.is(200);
}

async fn the_stored_role_and_the_rights_of_the_inviter_decide_s183(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (admin, leaver) = (acme.add_member("admin").await, acme.add_member("admin").await);
    let (one, two) = (new_address(), new_address());
    invite(&acme, &admin, &one, "admin").await;
    let id = text_of(&invite(&acme, &leaver, &two, "member").await, "id");
    let tokens = [token(&acme, &one, 1).await, token(&acme, &two, 1).await];
    acme.owner.put(&acme.members(Some(&admin.id)), &json!({"role": "member"})).await.is(200);
    acme.owner.delete(&acme.members(Some(&leaver.id))).await.is(204);
    for token in &tokens {
        accept(&acme, token).await.problem(400, "invitation_invalid");
    }
    let listed = acme.owner.get(&path(&acme)).await.expecting(200);
    assert_eq!((&listed[0]["status"], &listed[1]["status"]), (&json!("withdrawn"), &json!("withdrawn")));
    acme.owner.post(&format!("{}/{id}/resend", path(&acme)), &json!({})).await.problem(409, "invitation_closed");
    // The stored role counts; the role in the body is ignored.
    invite(&acme, &acme.owner, &two, "member").await;
    let body = json!({"token": token(&acme, &two, 2).await, "role": "owner", "organization_id": "x"});
    assert_eq!(acme.api().post("/invitations/accept", &body).await.expecting(200)["role"], "member");
}

async fn invitations_per_inviter_are_limited_s187(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = new_address();
    let id = text_of(&invite(&acme, &acme.owner, &email, "member").await, "id");
    let resend = format!("{}/{id}/resend", path(&acme));
    for sent in 1..=4 {
        // An undelivered mail would be cancelled by the resend.
        token(&acme, &email, sent).await;
        acme.owner.post(&resend, &json!({})).await.is(200);
    }
    // One limit covers all organizations of an inviter. It is 5 while the inviter's address is not verified.
    let other = format!("/orgs/{}/invitations", acme.owner.create_org().await);
    let invitation = json!({"email": new_address(), "role": "member"});
    for (address, body) in [(resend, json!({})), (path(&acme), invitation.clone()), (other, invitation)] {
        let refused = acme.owner.post(&address, &body).await;
        assert_eq!(refused.problem(429, "rate_limited")["limit"], "invite", "{address}");
        let seconds: u64 = refused.header("retry-after").and_then(|text| text.parse().ok()).unwrap_or_default();
        assert!((3_300..=3_600).contains(&seconds), "{seconds}");
        assert_eq!(refused.header("ratelimit-policy"), Some("\"invite\";q=5;w=3600"));
    }
    // A rejected request changes nothing: the last token is valid. Other inviters have their own limit.
    let admin = acme.add_member("admin").await;
    accept(&acme, &token(&acme, &email, 5).await).await.is(200);
    invite(&acme, &admin, &new_address(), "member").await;
}

async fn names_in_an_invitation_mail_cannot_inject_links_or_html_s189(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let name = "<b onclick=x>Evil</b> https://evil.example.com & \"co\" =?utf-8?q?x?=";
    let org = text_of(&acme.owner.post("/orgs", &json!({"name": name})).await.expecting(201), "id");
    let email = new_address();
    let sent = acme.owner.post(&format!("/orgs/{org}/invitations"), &json!({"email": email, "role": "member"})).await;
    sent.is(201);
    let mail = last_of(&acme.service.installation, &email, 1).await;
    let subject = mail.subject.replace('\u{200B}', "");
    assert!(subject.ends_with(" invites you to \"<b onclick=x>Evil</b> https://evil.exam…\" on Tessera"), "{subject}");
    assert!(!mail.html.contains("<b onclick"), "{}", mail.html);
    assert!(!mail.html.contains("https://evil") && !mail.text.contains("https://evil"), "{}", mail.text);
    assert_eq!(mail.html.matches("href=").count(), 1, "{}", mail.html);
    let lines = acme.owner.post("/orgs", &json!({"name": "x\r\nBcc: all@example.com"})).await;
    assert_eq!(lines.faults(), ["/name"]);
}

async fn a_membership_change_ends_the_invitation_s147(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let guest = Person::register(&acme.api()).await;
    let sent = invite(&acme, &acme.owner, &guest.email, "owner").await;
    let old = token(&acme, &guest.email, 1).await;
    let resend = format!("{}/{}/resend", path(&acme), text_of(&sent, "id"));
    acme.add(&guest, "member").await;
    guest.post("/invitations/accept", &json!({"token": old})).await.problem(400, "invitation_invalid");
    assert_eq!(role_of(&acme, &guest.id).await, "member");
    acme.owner.post(&resend, &json!({})).await.problem(409, "already_member");
    acme.owner.delete(&acme.members(Some(&guest.id))).await.is(204);
    guest.post("/invitations/accept", &json!({"token": old})).await.problem(400, "invitation_invalid");
    guest.get(&format!("/orgs/{}", acme.org)).await.problem(404, "organization_not_found");
    assert_eq!(acme.owner.get(&path(&acme)).await.expecting(200)[0]["status"], "withdrawn");
}

async fn an_invitation_does_not_reveal_whether_an_account_exists_s20(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let known = Person::register(&acme.api()).await;
    let unlike = ["id", "email", "created_at", "expires_at"];
    let ask = async |email: &str| {
        let answer = acme.owner.post(&path(&acme), &json!({"email": email, "role": "member"})).await;
        let mut body = answer.expecting(201);
        for field in unlike {
            body[field].take();
        }
        (body, answer.headers.len())
    };
    assert_eq!(ask(&known.email).await, ask(&new_address()).await);
}

async fn an_administrator_cannot_invite_or_replace_an_owner_s146(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (admin, email) = (acme.add_member("admin").await, new_address());
    let as_owner = json!({"email": email, "role": "owner"});
    admin.post(&path(&acme), &as_owner).await.problem(403, "forbidden");
    let id = text_of(&invite(&acme, &acme.owner, &email, "owner").await, "id");
    let as_member = json!({"email": email, "role": "member"});
    admin.post(&path(&acme), &as_member).await.problem(403, "forbidden");
    admin.post(&format!("{}/{id}/resend", path(&acme)), &json!({})).await.problem(403, "forbidden");
    admin.delete(&format!("{}/{id}", path(&acme))).await.problem(403, "forbidden");
    assert_eq!(accept(&acme, &token(&acme, &email, 1).await).await.expecting(200)["role"], "owner");
}

async fn a_member_is_not_invited(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let body = json!({"email": member.email.to_uppercase(), "role": "admin"});
    acme.owner.post(&path(&acme), &body).await.problem(409, "already_member");
}

async fn invitations_are_listed_with_their_status(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = new_address();
    invite(&acme, &acme.owner, &email, "member").await;
    let second = invite(&acme, &acme.owner, &email, "admin").await;
    accept(&acme, &invited(&acme, &new_address(), "member").await).await.is(200);
    let listed = acme.owner.get(&path(&acme)).await.expecting(200);
    let states: Vec<&Value> = listed.as_array().into_iter().flatten().map(|one| &one["status"]).collect();
    assert_eq!(states, ["withdrawn", "pending", "accepted"]);
    // The mail may have been sent in the meantime.
    let mut pending = listed[1].clone();
    pending["delivery"] = second["delivery"].clone();
    assert_eq!(pending, second);
    let first = acme.owner.get(&format!("{}?limit=1", path(&acme))).await;
    assert!(first.header("link").is_some_and(|link| link.contains("/invitations?limit=1&cursor=")));
}

async fn a_weak_password_does_not_use_the_invitation(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = new_address();
    let token = invited(&acme, &email, "member").await;
    let weak = acme.api().post("/invitations/accept", &json!({"token": token, "password": "password1"})).await;
    assert_eq!(weak.faults(), ["/password"]);
    assert_eq!(accept(&acme, &token).await.expecting(200)["new_user"], true);
}

async fn a_bad_credential_is_401_and_a_key_403(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let token = invited(&acme, &new_address(), "member").await;
    let body = json!({"token": token});
    acme.api().bearer("nobody").post("/invitations/accept", &body).await.problem(401, "invalid_token");
    let key = acme.api().key(&acme.key().await.raw);
    key.post("/invitations/accept", &body).await.problem(403, "user_token_required");
    accept(&acme, &token).await.is(200);
}

async fn invitations_are_audited(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = new_address();
    let id = text_of(&invite(&acme, &acme.owner, &email, "member").await, "id");
    token(&acme, &email, 1).await;
    acme.owner.post(&format!("{}/{id}/resend", path(&acme)), &json!({})).await.is(200);
    accept(&acme, &token(&acme, &email, 2).await).await.is(200);
    let other = text_of(&invite(&acme, &acme.owner, &new_address(), "member").await, "id");
    acme.owner.delete(&format!("{}/{other}", path(&acme))).await.is(204);
    let trail = crate::audit::trail(&acme.service.installation, Some(&acme.org)).await;
    let mut names: Vec<&str> = trail.iter().map(|event| event.name.as_str()).skip(2).collect();
    // Entries that one transaction writes within one millisecond have no order.
    names[2..4].sort_unstable();
    let expected = [
        "invitation.sent",
        "invitation.resent",
        "invitation.accepted",
        "member.added",
        "invitation.sent",
        "invitation.withdrawn",
    ];
    assert_eq!(names, expected);
}
