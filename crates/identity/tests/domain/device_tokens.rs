//! Device tokens, and the limit of wrong passwords with one.

use tessera_identity::{
    ResetPassword, SignIn, SignInError, SignInWithWallet, SignedIn, WalletProof,
    model::{DeviceToken, PasswordAttempt, PasswordReset, ResetToken, SessionRequest},
};
use tessera_kernel::{Chain, Clock as _, RequestMetadata, SecretDigest as _, limit};
use tessera_testkit::{
    Workbench,
    builders::{accepted, device, origin, user, user_id, wallet, wallet_account},
    expectations::{failed, ok, parsed, some},
    fakes::{FakeDigest, FakeWallets},
};
use time::Duration;

const PASSWORD: &str = "correct horse";

fn with_token(device_token: Option<DeviceToken>) -> SessionRequest {
    SessionRequest { device_token, ..SessionRequest::default() }
}

async fn sign_in(
    bench: &Workbench,
    number: u32,
    password: &str,
    token: Option<&DeviceToken>,
) -> Result<SignedIn, SignInError> {
    let email = some(user(number).email).as_str().to_owned();
    let password = PasswordAttempt::new(password);
    let command = SignIn { email, password, device: device(), origin: origin(), session: with_token(token.cloned()) };
    bench.identity().sign_in(command).await
}

/// The token that a sign-in returns.
async fn token_of(bench: &Workbench, number: u32, token: Option<&DeviceToken>) -> Option<DeviceToken> {
    ok(sign_in(bench, number, PASSWORD, token).await).device_token
}

async fn bench() -> Workbench {
    let bench = Workbench::new();
    for number in [1, 2] {
        bench.user_with_password(number, PASSWORD).await;
    }
    bench
}

#[tokio::test]
async fn a_sign_in_without_a_valid_token_returns_one() {
    let bench = bench().await;
    let token = some(token_of(&bench, 1, None).await);
    assert!(token.expose().starts_with("dt_") && token.expose().len() == 52, "{token:?}");
    assert_eq!(token_of(&bench, 1, Some(&token)).await, None);
    // A token of another user, and one that does not exist.
    assert!(some(token_of(&bench, 2, Some(&token)).await) != token);
    let unknown = DeviceToken::generate(&*bench.entropy);
    assert!(some(token_of(&bench, 1, Some(&unknown)).await) != unknown);
    assert_eq!(token_of(&bench, 1, Some(&token)).await, None);
}

#[tokio::test]
async fn a_token_expires_when_it_is_not_used() {
    let bench = bench().await;
    let token = some(token_of(&bench, 1, None).await);
    bench.clock.advance(DeviceToken::TTL - Duration::SECOND);
    assert_eq!(token_of(&bench, 1, Some(&token)).await, None);
    bench.clock.advance(DeviceToken::TTL);
    assert!(token_of(&bench, 1, Some(&token)).await.is_some());
}

#[tokio::test]
async fn a_wallet_sign_in_returns_a_token_too() {
    let bench = bench().await;
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    let token = some(token_of(&bench, 1, None).await);
    for (presented, returns) in [(Some(token), false), (None, true)] {
        let account = accepted(wallet_account(1, Chain::Ethereum));
        let challenge = ok(bench.identity().challenge_wallet(account, &origin()).await);
        let signature = FakeWallets::sign(&challenge.account.address(), challenge.message.as_bytes());
        let proof = WalletProof { account: challenge.account, signature, nonce: challenge.nonce.to_string() };
        let command = SignInWithWallet { proof, device: device(), origin: origin(), session: with_token(presented) };
        assert_eq!(ok(bench.identity().sign_in_with_wallet(command).await).device_token.is_some(), returns);
    }
}

#[tokio::test]
async fn a_password_reset_deletes_the_tokens_of_the_user() {
    let bench = bench().await;
    let (token, other) = (some(token_of(&bench, 1, None).await), some(token_of(&bench, 2, None).await));
    let reset = ResetToken::generate(&*bench.entropy);
    let (hash, expires_at) = (FakeDigest.digest(reset.expose()), bench.clock.now() + PasswordReset::TTL);
    let email = some(user(1).email);
    bench.stores.add_password_reset(&PasswordReset { user: user_id(1), email, hash, expires_at }).await;
    let command = ResetPassword { token: reset, password: parsed(PASSWORD), origin: origin() };
    ok(bench.identity().reset_password(command).await);
    assert!(token_of(&bench, 1, Some(&token)).await.is_some());
    assert_eq!(token_of(&bench, 2, Some(&other)).await, None);
}

#[tokio::test]
async fn wrong_passwords_with_a_token_count_only_for_the_token() {
    let bench = bench().await;
    let token = some(token_of(&bench, 1, None).await);
    for _ in 0..limit::SIGN_IN_DEVICE.quota {
        let error = failed(sign_in(&bench, 1, "wrong horse", Some(&token)).await);
        assert!(matches!(error, SignInError::InvalidCredentials), "{error:?}");
    }
    let compared = bench.hasher.verified();
    let error = failed(sign_in(&bench, 1, PASSWORD, Some(&token)).await);
    assert!(matches!(error, SignInError::RateLimited(limited) if limited.limit == limit::SIGN_IN_DEVICE), "{error:?}");
    assert_eq!(bench.hasher.verified(), compared, "a rejected guess is not compared");
    // The limits of the address and of the network are untouched.
    for _ in 0..limit::SIGN_IN.quota {
        let error = failed(sign_in(&bench, 1, "wrong horse", None).await);
        assert!(matches!(error, SignInError::InvalidCredentials), "{error:?}");
    }
    let compared = bench.hasher.verified();
    let error = failed(sign_in(&bench, 1, PASSWORD, None).await);
    assert!(matches!(error, SignInError::RateLimited(limited) if limited.limit == limit::SIGN_IN), "{error:?}");
    assert_eq!(bench.hasher.verified(), compared, "a rejected guess is not compared");
    bench.clock.advance(limit::SIGN_IN_DEVICE.window);
    ok(sign_in(&bench, 1, PASSWORD, Some(&token)).await);
}

#[tokio::test]
async fn a_token_signs_in_while_others_guess_and_one_of_another_user_does_not() {
    let bench = bench().await;
    let (token, other) = (some(token_of(&bench, 1, None).await), some(token_of(&bench, 2, None).await));
    let email = some(user(1).email).as_str().to_owned();
    for number in 0..limit::SIGN_IN_ACCOUNT.quota {
        let origin = RequestMetadata { address: Some(parsed(&format!("198.51.100.{number}"))), ..origin() };
        let password = PasswordAttempt::new("wrong horse");
        let command =
            SignIn { email: email.clone(), password, device: device(), origin, session: SessionRequest::default() };
        let error = failed(bench.identity().sign_in(command).await);
        assert!(matches!(error, SignInError::InvalidCredentials), "{error:?}");
    }
    let from_elsewhere = async |token: Option<&DeviceToken>| {
        let origin = RequestMetadata { address: Some(parsed("203.0.113.9")), ..origin() };
        let (password, session) = (PasswordAttempt::new(PASSWORD), with_token(token.cloned()));
        let command = SignIn { email: email.clone(), password, device: device(), origin, session };
        bench.identity().sign_in(command).await
    };
    for token in [None, Some(&other), Some(&DeviceToken::generate(&*bench.entropy))] {
        let error = failed(from_elsewhere(token).await);
        assert!(matches!(error, SignInError::RateLimited(_)), "{error:?}");
    }
    assert_eq!(ok(from_elsewhere(Some(&token)).await).device_token, None);
}

#[test]
fn only_a_text_of_the_format_is_a_token() {
    let token = DeviceToken::generate(&*Workbench::new().entropy);
    assert_eq!(token.expose().parse(), Ok(token.clone()));
    let digits = &token.expose()[DeviceToken::PREFIX.len()..];
    for malformed in [
        String::new(),
        digits.to_owned(),
        format!("ask_{digits}"),
        format!("dt_{}", digits.to_ascii_lowercase()),
        format!("dt_{digits}0"),
    ] {
        assert!(malformed.parse::<DeviceToken>().is_err(), "{malformed}");
    }
}
