//! Registration that creates the account once its address is verified, and registration by invitation only.

use tessera_identity::{
    ConfirmEmailError, ConfirmedEmail, Identity, IdentitySettings, MailedProof, PresentedProof, RegisterError,
    ResendVerification, SignIn, SignInError, SignInWithWallet, SignInWithWalletError, SignedIn, WalletProof,
    model::{PasswordAttempt, RegistrationMode, RegistrationSecret, SessionRequest},
};
use tessera_kernel::Chain;
use tessera_outbox::Mail;
use tessera_testkit::{
    Workbench,
    builders::{accepted, device, origin, user, user_id, wallet, wallet_account},
    concurrency::concurrently,
    expectations::{failed, ok, parsed, some},
    fakes::FakeWallets,
};
use time::Duration;

use crate::addresses::{PASSWORD, by_token, confirm, is_invalid, mail_to, mails, registration, token_in, wrong_code};

fn identity(bench: &Workbench, registration: RegistrationMode) -> Identity {
    let settings = IdentitySettings { registration, ..Workbench::identity_settings() };
    Identity::new(bench.identity_ports(), settings)
}

fn verified(bench: &Workbench) -> Identity {
    identity(bench, RegistrationMode::Verified)
}

async fn request(bench: &Workbench, email: &str) -> (RegistrationSecret, Mail) {
    let requested = ok(verified(bench).request_registration(registration(email)).await);
    assert_eq!(requested.expires_in, Duration::hours(24));
    (requested.secret, mail_to(bench, email, "verify registration").await)
}

fn by_registration(secret: &RegistrationSecret, code: &str) -> PresentedProof {
    PresentedProof::Registration { secret: secret.clone(), code: parsed(code) }
}

fn signed_in(confirmed: ConfirmedEmail) -> SignedIn {
    match confirmed {
        ConfirmedEmail::Registered(signed_in) => *signed_in,
        other => panic!("{other:?}"),
    }
}

async fn sign_in(bench: &Workbench, email: &str) -> Result<SignedIn, SignInError> {
    let password = PasswordAttempt::new(PASSWORD);
    let command = SignIn {
        email: email.to_owned(),
        password,
        device: device(),
        origin: origin(),
        session: SessionRequest::default(),
    };
    verified(bench).sign_in(command).await
}

#[tokio::test]
async fn the_account_is_created_with_the_code_or_with_the_token_and_the_password() {
    for by_code in [true, false] {
        let bench = Workbench::new();
        let (secret, mail) = request(&bench, "ada@example.com").await;
        assert!(matches!(failed(sign_in(&bench, "ada@example.com").await), SignInError::InvalidCredentials));
        let proof =
            if by_code { by_registration(&secret, mail.html.expose()) } else { by_token(&mail, Some(PASSWORD)) };
        let user = signed_in(ok(confirm(&verified(&bench), proof, None).await)).user;
        assert_eq!((user.email.clone(), user.email_verified), (Some(parsed("ada@example.com")), true));
        assert_eq!(ok(sign_in(&bench, "ada@example.com").await).user, user);
        let actions = bench.actions(None).await;
        assert!(actions.contains(&"user.registered".to_owned()), "{actions:?}");
        is_invalid(confirm(&verified(&bench), by_token(&mail, Some(PASSWORD)), None).await);
        is_invalid(confirm(&verified(&bench), by_registration(&secret, mail.html.expose()), None).await);
    }
}

#[tokio::test]
async fn neither_the_mail_nor_the_client_is_sufficient_alone() {
    let bench = Workbench::new();
    let (secret, mail) = request(&bench, "ada@example.com").await;
    for password in [None, Some("battery staple")] {
        let error = failed(confirm(&verified(&bench), by_token(&mail, password), None).await);
        assert!(matches!(error, ConfirmEmailError::NotVerified), "{error:?}");
    }
    // The secret of the client is not the token of the mail.
    let token = parsed(secret.expose());
    let proof = PresentedProof::Token { token, password: Some(PasswordAttempt::new(PASSWORD)) };
    is_invalid(confirm(&verified(&bench), proof, None).await);
    is_invalid(confirm(&verified(&bench), PresentedProof::Decline(token_in(&mail)), None).await);
    let viewed = ok(verified(&bench).view_mailed_proof(&token_in(&mail)).await);
    assert_eq!(viewed, MailedProof::Registration { email: parsed("ada@example.com") });
    ok(confirm(&verified(&bench), by_token(&mail, Some(PASSWORD)), None).await);
}

#[tokio::test]
async fn five_wrong_codes_end_a_registration_also_after_another_mail() {
    let bench = Workbench::new();
    let (secret, first) = request(&bench, "ada@example.com").await;
    for _ in 0..3 {
        is_invalid(confirm(&verified(&bench), by_registration(&secret, &wrong_code(&first)), None).await);
    }
    let resend = ResendVerification::Registration { secret: secret.clone(), origin: origin() };
    ok(verified(&bench).resend_verification(resend).await);
    let mail = mail_to(&bench, "ada@example.com", "verify registration").await;
    is_invalid(confirm(&verified(&bench), by_token(&first, Some(PASSWORD)), None).await);
    for _ in 0..2 {
        is_invalid(confirm(&verified(&bench), by_registration(&secret, &wrong_code(&mail)), None).await);
    }
    is_invalid(confirm(&verified(&bench), by_registration(&secret, mail.html.expose()), None).await);
    is_invalid(confirm(&verified(&bench), by_token(&mail, Some(PASSWORD)), None).await);
    assert!(ok(bench.stores.identity.find_credentials(&parsed("ada@example.com")).await).is_none());
}

#[tokio::test]
async fn the_owner_of_a_taken_address_gets_a_notice_without_a_token() {
    let bench = Workbench::new();
    bench.user_with_password(1, "battery staple").await;
    let requested = ok(verified(&bench).request_registration(registration("USER1@example.com")).await);
    let notice = mail_to(&bench, "user1@example.com", "address taken").await;
    assert_eq!((notice.text.expose().as_str(), notice.html.expose().as_str()), ("", ""));
    assert_eq!(mails(&bench).await.len(), 1);
    is_invalid(confirm(&verified(&bench), by_registration(&requested.secret, "000000"), None).await);
    let known = some(ok(bench.stores.identity.find_credentials(&parsed("user1@example.com")).await));
    assert_eq!((known.user.id, known.password_hash), (user_id(1), Some(bench.hasher.hash_of("battery staple"))));
}

#[tokio::test]
async fn the_first_verified_registration_of_an_address_creates_the_account() {
    let bench = Workbench::new();
    let all = [request(&bench, "ada@example.com").await, request(&bench, "ADA@example.com").await];
    let attempts = concurrently(6, |number| {
        let (identity, (secret, mail)) = (verified(&bench), all[number as usize % 2].clone());
        async move {
            let proof = by_registration(&secret, mail.html.expose());
            confirm(&identity, proof, None).await.is_ok()
        }
    })
    .await;
    assert_eq!(attempts.into_iter().filter(|succeeded| *succeeded).count(), 1);
    for (_, mail) in &all {
        is_invalid(confirm(&verified(&bench), by_token(mail, Some(PASSWORD)), None).await);
    }
}

#[tokio::test]
async fn mails_to_a_registered_address_are_limited_and_the_response_does_not_show_it() {
    let bench = Workbench::new();
    for _ in 0..9 {
        ok(verified(&bench).request_registration(registration("ada@example.com")).await);
    }
    assert_eq!(mails(&bench).await.len(), 5);
}

#[tokio::test]
async fn a_mode_of_registration_admits_nothing_else() {
    let bench = Workbench::new();
    let open = identity(&bench, RegistrationMode::Open);
    let invited = identity(&bench, RegistrationMode::Invited);
    for error in [
        failed(open.request_registration(registration("ada@example.com")).await),
        failed(invited.request_registration(registration("ada@example.com")).await),
        failed(invited.register(registration("ada@example.com")).await),
        failed(verified(&bench).register(registration("ada@example.com")).await),
    ] {
        assert!(matches!(error, RegisterError::Closed(_)), "{error:?}");
    }
    let (secret, mail) = request(&bench, "ada@example.com").await;
    is_invalid(confirm(&invited, by_registration(&secret, mail.html.expose()), None).await);
    ok(confirm(&open, by_registration(&secret, mail.html.expose()), None).await);
}

#[tokio::test]
async fn by_invitation_only_an_unknown_wallet_gets_no_user() {
    let bench = Workbench::new();
    let invited = identity(&bench, RegistrationMode::Invited);
    bench.stores.add_users([&user(1)]).await;
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    let sign_in = async |number: u32| {
        let account = if number == 1 { wallet(1).account } else { wallet_account(number, Chain::Base) };
        let challenge = ok(invited.challenge_wallet(accepted(account), &origin()).await);
        let signature = FakeWallets::sign(&account.address(), challenge.message.as_bytes());
        let proof = WalletProof { account, signature, nonce: challenge.nonce.to_string() };
        invited
            .sign_in_with_wallet(SignInWithWallet {
                proof,
                device: device(),
                origin: origin(),
                session: SessionRequest::default(),
            })
            .await
    };
    assert_eq!(ok(sign_in(1).await).user.id, user_id(1));
    let error = failed(sign_in(2).await);
    assert!(matches!(error, SignInWithWalletError::Closed(_)), "{error:?}");
}
