//! Invitations of addresses that another user registered before: the account joins, but only verification makes the
//! address its own.

use serde_json::{Value, json};
use tessera_kernel::{Event, Outcome};
use tessera_tests::{
    api::{Answer, Api},
    database::Backend,
    mail::last_of,
    on_both,
    test_org::{PASSWORD, Person, TestOrg, sign_in},
};
use tokio::task::JoinSet;

const OTHER: &str = "granite-orchard-58-kettle";

/// Invites a user whose mail then has the given number, and returns the token.
async fn invited(acme: &TestOrg, person: &Person, mails: usize) -> String {
    let body = json!({"email": person.email, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
    last_of(&acme.service.installation, &person.email, mails).await.token()
}

async fn accept(by: &Api, token: &str, password: Option<&str>) -> Answer {
    by.post("/invitations/accept", &json!({"token": token, "password": password})).await
}

async fn is_verified(person: &Person) -> bool {
    person.get("/users/me").await.expecting(200)["email_verified"] == true
}

async fn is_member(acme: &TestOrg, person: &Person) -> bool {
    acme.owner.get(&acme.members(Some(&person.id))).await.status == 200
}

/// The status of the only invitation of the organization.
async fn status(acme: &TestOrg) -> Value {
    let listed = acme.owner.get(&format!("/orgs/{}/invitations", acme.org)).await.expecting(200);
    listed[0]["status"].clone()
}

/// The audit entries about the verification of the user's address.
async fn proofs(acme: &TestOrg, person: &Person) -> Vec<Event> {
    let mut trail = crate::audit::trail(&acme.service.installation, None).await;
    trail.retain(|event| event.name.starts_with("user.email_"));
    assert!(trail.iter().all(|event| event.subject.is_some_and(|id| id.to_string() == person.id)), "{trail:?}");
    trail
}

on_both! {
    a_signed_in_user_verifies_their_email_by_acceptance_s182
    the_password_of_the_account_verifies_its_email_s182
    a_wrong_password_does_not_accept_the_invitation_s182
    a_missing_password_does_not_verify_the_email_s182
    a_verified_account_requires_no_password_s182
    one_of_several_concurrent_acceptances_succeeds_s182
    a_password_change_during_acceptance_leaves_a_consistent_state_s182
    an_invitation_requires_the_token_from_the_mail_s116
}

async fn a_signed_in_user_verifies_their_email_by_acceptance_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let before = person.get("/users/me").await.expecting(200);
    assert_eq!(before["email_verified"], false);
    let token = invited(&acme, &person, 1).await;
    let accepted = accept(&person, &token, Some(OTHER)).await.expecting(200);
    assert_eq!((&accepted["user_id"], &accepted["new_user"]), (&json!(person.id), &json!(false)));
    let mut after = person.get("/users/me").await.expecting(200);
    assert_eq!(after["email_verified"].take(), true);
    assert_eq!(
        (&after["id"], &after["email"], &after["created_at"]),
        (&before["id"], &before["email"], &before["created_at"])
    );
    let proofs = proofs(&acme, &person).await;
    let by = proofs[0].actor.as_ref().map(|(kind, id)| (kind.as_str(), id.to_string()));
    assert_eq!((proofs.len(), proofs[0].name.as_str()), (1, "user.email_verified"));
    assert_eq!(by, Some(("user", person.id.clone())));
}

async fn the_password_of_the_account_verifies_its_email_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let token = invited(&acme, &person, 1).await;
    let accepted = accept(&acme.api(), &token, Some(PASSWORD)).await.expecting(200);
    assert_eq!((&accepted["user_id"], &accepted["new_user"]), (&json!(person.id), &json!(false)));
    assert_eq!(accepted["token"], Value::Null);
    assert!(is_verified(&person).await && is_member(&acme, &person).await);
    let proofs = proofs(&acme, &person).await;
    assert_eq!((proofs.len(), proofs[0].name.as_str(), &proofs[0].actor), (1, "user.email_verified", &None));
    sign_in(&acme.api(), &person.email).await;
}

async fn a_wrong_password_does_not_accept_the_invitation_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    // A squatter has registered the address of the recipient.
    let squatter = Person::register(&acme.api()).await;
    let token = invited(&acme, &squatter, 1).await;
    for password in [OTHER, "short", "", &"x".repeat(5000)] {
        let answer = accept(&acme.api(), &token, Some(password)).await;
        let problem = answer.problem(409, "email_not_verified");
        assert!(problem.get("token").is_none() && !answer.text().contains(OTHER), "{problem}");
    }
    assert!(!is_verified(&squatter).await && !is_member(&acme, &squatter).await);
    assert_eq!(status(&acme).await, "pending");
    let proofs = proofs(&acme, &squatter).await;
    let refused = |event: &Event| event.name == "user.email_verification_refused" && event.outcome == Outcome::Refused;
    // The attempts come from one network within a minute or two, so few entries count all of them.
    assert!(proofs.len() <= 2 && proofs.iter().all(refused), "{proofs:?}");
    assert_eq!(proofs.iter().map(|event| event.attempts).sum::<u64>(), 4, "{proofs:?}");
    // The account is unchanged, and the invitation is still valid.
    sign_in(&acme.api(), &squatter.email).await;
    accept(&acme.api(), &token, Some(PASSWORD)).await.is(200);
}

async fn a_missing_password_does_not_verify_the_email_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let token = invited(&acme, &person, 1).await;
    accept(&acme.api(), &token, None).await.problem(409, "email_not_verified");
    assert!(!is_verified(&person).await && !is_member(&acme, &person).await);
    assert!(proofs(&acme, &person).await.is_empty());
    assert_eq!(status(&acme).await, "pending");
    accept(&acme.api(), &token, Some(PASSWORD)).await.is(200);
}

async fn a_verified_account_requires_no_password_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (one, two) = (Person::register(&acme.api()).await, Person::register(&acme.api()).await);
    acme.prove(&one).await;
    acme.prove(&two).await;
    for (person, ignored) in [(&one, None), (&two, Some("short"))] {
        let token = invited(&acme, person, 2).await;
        assert_eq!(accept(&acme.api(), &token, ignored).await.expecting(200)["token"], Value::Null);
        assert!(is_member(&acme, person).await);
        sign_in(&acme.api(), &person.email).await;
    }
}

async fn one_of_several_concurrent_acceptances_succeeds_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let token = invited(&acme, &person, 1).await;
    let mut running: JoinSet<(Option<&str>, Answer)> = JoinSet::new();
    for number in 0..12 {
        let (api, token) = (acme.api(), token.clone());
        let password = [Some(PASSWORD), None, Some(OTHER)][number % 3];
        running.spawn(async move { (password, accept(&api, &token, password).await) });
    }
    let answers = running.join_all().await;
    assert_eq!(answers.iter().filter(|(_, answer)| answer.status == 200).count(), 1);
    for (password, answer) in &answers {
        match (password, answer.status) {
            (Some(OTHER) | None, 409) => drop(answer.problem(409, "email_not_verified")),
            (_, 400) => drop(answer.problem(400, "invitation_invalid")),
            // Also with another password or none: as soon as one request has proved the address, none is needed.
            (_, 200) => {}
            (password, _) => panic!("{password:?}: {}", answer.text()),
        }
    }
    assert!(is_member(&acme, &person).await);
    let told = proofs(&acme, &person).await.iter().filter(|event| event.name == "user.email_verified").count();
    assert_eq!(told, usize::from(is_verified(&person).await));
}

async fn a_password_change_during_acceptance_leaves_a_consistent_state_s182(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for _ in 0..4 {
        let person = Person::register(&acme.api()).await;
        let token = invited(&acme, &person, 1).await;
        let (api, change) = (acme.api(), json!({"current_password": PASSWORD, "new_password": OTHER}));
        let (changed, accepted) =
            tokio::join!(person.put("/users/me/password", &change), accept(&api, &token, Some(PASSWORD)));
        changed.is(204);
        if accepted.status == 200 {
            assert!(is_verified(&person).await && is_member(&acme, &person).await);
            continue;
        }
        accepted.problem(409, "email_not_verified");
        assert!(!is_verified(&person).await && !is_member(&acme, &person).await);
        accept(&acme.api(), &token, Some(OTHER)).await.is(200);
        assert!(is_verified(&person).await && is_member(&acme, &person).await);
    }
}

async fn an_invitation_requires_the_token_from_the_mail_s116(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (squatter, other) = (Person::register(&acme.api()).await, Person::register(&acme.api()).await);
    let theirs = invited(&acme, &squatter, 1).await;
    // Without the mail, neither the account nor its password is sufficient.
    for token in ["none", &"A".repeat(43)] {
        accept(&squatter, token, None).await.problem(400, "invitation_invalid");
        accept(&acme.api(), token, Some(PASSWORD)).await.problem(400, "invitation_invalid");
    }
    // The mail of another user verifies only the account of that user.
    accept(&other, &theirs, Some(PASSWORD)).await.problem(409, "invitation_for_another_address");
    // Claims in the body are ignored.
    let claims = json!({"token": theirs, "email_verified": true, "user_id": other.id, "email": other.email});
    acme.api().post("/invitations/accept", &claims).await.problem(409, "email_not_verified");
    assert!(!is_verified(&squatter).await && !is_verified(&other).await && !is_member(&acme, &other).await);
}
