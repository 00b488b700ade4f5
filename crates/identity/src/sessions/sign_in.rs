//! Sign-in with email address and password.

use tessera_kernel::{EmailAddress, Event, MfaRequired, RateLimited, RequestMetadata, StoreError};

use super::open_session::{Authentication, NewSession, SignedIn};
use crate::{
    Identity,
    model::{Credentials, Device, PasswordAttempt, SessionRequest, SignInMethod, SignInMethods, User},
    passwords::check_password::{CheckedAccount, PasswordCheck},
    ports::{HashError, Requester, TokenError, Verdict},
    sessions::events::SessionEvent,
};

/// Command of [`Identity::sign_in`].
#[derive(Debug)]
pub struct SignIn {
    /// The address as typed. A malformed address fails with the same error as an unknown one.
    pub email: String,
    /// The password as typed.
    pub password: PasswordAttempt,
    /// The device of the request.
    pub device: Device,
    /// Request metadata.
    pub origin: RequestMetadata,
    /// What the client asks for.
    pub session: SessionRequest,
}

tessera_kernel::error_enum! {
    /// Why the sign-in failed.
    pub enum SignInError {
        /// The address is unknown, the password is wrong, or the account has no password. The response is the same for all
        /// of them.
        #[error("the email address or the password is wrong")]
        InvalidCredentials,
    }
    from
        RateLimited(RateLimited),
        /// The password is correct.
        MfaRequired(MfaRequired),
        Hash(HashError),
        Token(TokenError),
        Store(StoreError),
}

/// Maximum number of comparisons. A comparison is repeated if the hash was replaced meanwhile.
const TRIES: usize = 3;

impl Identity {
    /// Signs in with an email address and a password.
    ///
    /// # Errors
    /// Fails when the credentials are wrong, or verifying the password, signing the token or storage fails.
    pub async fn sign_in(&self, command: SignIn) -> Result<SignedIn, SignInError> {
        for _ in 0..TRIES {
            let (known, check) = self.check(&command).await?;
            let renewed = match check.verdict {
                Verdict::Match => None,
                Verdict::MatchOutdated => Some(self.ports.hasher.rehash(&command.password, check.requester).await?),
                Verdict::Mismatch => return self.refuse(known.map(|known| known.user).as_ref(), &command.origin).await,
            };
            let Some(Credentials { user, password_hash: Some(compared) }) = known else { break };
            let opening = NewSession {
                user,
                authentication: Authentication::Password { compared, renewed },
                methods: SignInMethods::of(SignInMethod::Password),
                request: command.session.clone(),
                now: check.at,
                device: command.device,
                origin: &command.origin,
            };
            // Another sign-in may have renewed the hash meanwhile, or the user may have changed the password.
            if let Some(signed_in) = self.open_session::<SignInError>(self.ports.store.begin().await?, opening).await? {
                return Ok(signed_in);
            }
        }
        self.refuse(None, &command.origin).await
    }

    async fn check(&self, command: &SignIn) -> Result<(Option<Credentials>, PasswordCheck), SignInError> {
        let (address, credentials) = match command.email.parse::<EmailAddress>() {
            Ok(email) => (email.canonical().to_owned(), self.ports.store.find_credentials(&email).await?),
            Err(_) => (command.email.clone(), None),
        };
        // Without a client address, devices differ too little. An attacker could imitate a device that an account
        // knows. A better place in the queue would then reveal that the account exists.
        let device = Some(command.device).filter(|device| device.address().is_some());
        let account = CheckedAccount {
            address,
            known: credentials.as_ref(),
            device,
            device_token: command.session.device_token.as_ref(),
        };
        let requester = Requester::unknown(&command.origin);
        let check = self.check_password::<SignInError>(&command.password, account, requester).await?;
        Ok((credentials, check))
    }

    async fn refuse(&self, user: Option<&User>, origin: &RequestMetadata) -> Result<SignedIn, SignInError> {
        let entry = SessionEvent::SignInRefused { user: user.map(|user| user.id) };
        let event = Event::by_anonymous(origin, entry, &self.ports.system);
        self.record_wrong_password(user, &event).await?;
        Err(SignInError::InvalidCredentials)
    }
}
