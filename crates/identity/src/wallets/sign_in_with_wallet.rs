//! Wallet sign-in. The first sign-in of a wallet creates its user.

use tessera_kernel::{Event, MfaRequired, RequestMetadata, StoreError, UserId, WalletAccount, WalletSignatureError};
use time::OffsetDateTime;

use super::redeem_challenge::Redeemed;
use crate::{
    Identity, WalletProof,
    model::{
        Device, Purpose, RegistrationClosed, RegistrationMode, SessionRequest, SignInMethod, SignInMethods, User,
        Wallet,
    },
    ports::{IdentityTransaction, Requester, SignerKind, TokenError, VerifyError},
    sessions::open_session::{Authentication, NewSession, SignedIn},
    wallets::events::WalletAction,
};

/// A wallet sign-in request.
#[derive(Debug)]
pub struct SignInWithWallet {
    /// The wallet and its signature.
    pub proof: WalletProof,
    /// The device of the request.
    pub device: Device,
    /// Request metadata.
    pub origin: RequestMetadata,
    /// What the client asks for.
    pub session: SessionRequest,
}

tessera_kernel::error_enum! {
    /// Why a wallet sign-in failed.
    pub enum SignInWithWalletError {
        /// The nonce is unknown, used, expired, or was issued for another purpose, or the signature is not valid for this
        /// wallet. The response is the same for all of them.
        #[error("the signature does not prove this")]
        InvalidSignature,
    }
    from
        /// The nonce is consumed.
        MalformedSignature(WalletSignatureError),
        /// The wallet is unknown, and it gets no user.
        Closed(RegistrationClosed),
        Verify(VerifyError),
        /// The signature is valid.
        MfaRequired(MfaRequired),
        Token(TokenError),
        Store(StoreError),
}

/// Maximum number of lookups of the wallet's user. A lookup is repeated if the wallet was linked or unlinked meanwhile.
pub(super) const TRIES: usize = 5;

impl Identity {
    /// Signs in with a wallet. An unknown wallet gets a new user without an email address, unless registration is closed. Only the wallet determines
    /// the account.
    ///
    /// # Errors
    /// Fails when the signature is malformed, invalid or cannot be verified, or signing the token or storage fails. The
    /// nonce is consumed even then.
    pub async fn sign_in_with_wallet(&self, command: SignInWithWallet) -> Result<SignedIn, SignInWithWalletError> {
        let SignInWithWallet { proof, device, origin, session } = command;
        let account = proof.account;
        let (signer, now) =
            match self.redeem::<SignInWithWalletError>(proof, Purpose::SignIn, Requester::unknown(&origin)).await? {
                Redeemed::By(signer, now) => (signer, now),
                Redeemed::Denied => return self.refuse_wallet(account, &origin).await,
                Redeemed::Unknown => return Err(SignInWithWalletError::InvalidSignature),
            };
        for _ in 0..TRIES {
            match self.open_session_of(account, (signer, now), (device, &session), &origin).await {
                Ok(Some(signed_in)) => return Ok(signed_in),
                Ok(None) => {}
                Err(SignInWithWalletError::InvalidSignature) => return self.refuse_wallet(account, &origin).await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Opens a session for the user of the wallet. Returns `None` if the wallet was linked or unlinked meanwhile.
    async fn open_session_of(
        &self,
        account: WalletAccount,
        (signer, now): (SignerKind, OffsetDateTime),
        (device, request): (Device, &SessionRequest),
        origin: &RequestMetadata,
    ) -> Result<Option<SignedIn>, SignInWithWalletError> {
        let mut tx = self.ports.store.begin().await?;
        let Some(user) = self.find_user_in::<SignInWithWalletError>(&mut *tx, account, origin).await? else {
            return Ok(None);
        };
        if !is_vouched(&user, account, signer) {
            return Err(SignInWithWalletError::InvalidSignature);
        }
        let opening = NewSession {
            user,
            authentication: Authentication::Wallet(account),
            methods: SignInMethods::of(SignInMethod::Wallet),
            request: request.clone(),
            now,
            device,
            origin,
        };
        self.open_session(tx, opening).await
    }

    /// Finds and locks the user of the wallet, or creates one if anyone can register. Returns `None` if the wallet was
    /// linked or unlinked meanwhile.
    pub(super) async fn find_user_in<E: From<RegistrationClosed> + From<StoreError>>(
        &self,
        tx: &mut dyn IdentityTransaction,
        account: WalletAccount,
        origin: &RequestMetadata,
    ) -> Result<Option<User>, E> {
        match tx.users().lock_by_wallet(&account.address()).await? {
            Some(known) => Ok(Some(known.user).filter(|user| user.holds(&account.address()))),
            None if self.settings.registration == RegistrationMode::Invited => Err(RegistrationClosed.into()),
            None => Ok(self.make_user(tx, account, origin).await?),
        }
    }

    /// Creates the user of a wallet. Returns `None` if the wallet was linked meanwhile: the caller must then drop the
    /// transaction.
    async fn make_user(
        &self,
        tx: &mut dyn IdentityTransaction,
        account: WalletAccount,
        origin: &RequestMetadata,
    ) -> Result<Option<User>, StoreError> {
        let now = self.ports.system.now();
        let wallet = Wallet { account, linked_at: now };
        let user = User {
            id: UserId::generate(&self.ports.system),
            email: None,
            email_verified: false,
            display_name: None,
            first_name: None,
            last_name: None,
            avatar_url: None,
            wallets: vec![wallet.clone()],
            created_at: now,
            updated_at: now,
        };
        tx.users().insert(&user, None).await?;
        match tx.wallets().insert(user.id, &wallet).await {
            Err(StoreError::Conflict { .. }) => return Ok(None),
            inserted => inserted?,
        }
        let made = WalletAction::Registered { user: user.id }.with(account);
        tx.events().append(&Event::by_anonymous(origin, made, &self.ports.system)).await?;
        Ok(Some(user))
    }

    async fn refuse_wallet(
        &self,
        account: WalletAccount,
        origin: &RequestMetadata,
    ) -> Result<SignedIn, SignInWithWalletError> {
        let mut tx = self.ports.store.begin().await?;
        let user = tx.wallets().find_holder(&account.address()).await?;
        let what = WalletAction::SignInRefused { user }.with(account);
        tx.events().append(&Event::by_anonymous(origin, what, &self.ports.system)).await?;
        tx.commit().await?;
        Err(SignInWithWalletError::InvalidSignature)
    }
}

/// Returns whether the signature authenticates the user. A contract only counts on the chain on which the wallet was
/// linked: on another chain the contract at the same address may have another owner.
pub(super) fn is_vouched(user: &User, account: WalletAccount, signer: SignerKind) -> bool {
    signer == SignerKind::ExternallyOwned || user.linked(&account)
}
