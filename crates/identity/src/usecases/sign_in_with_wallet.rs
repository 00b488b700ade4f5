//! A user opens a session with their wallet; the first time, it makes them one.

use tessera_kernel::{Event, Origin, StoreError, UserId};
use time::OffsetDateTime;

use super::redeem_challenge::{RedeemError, Redeemed};
use crate::{
    Identity, SignedIn, WalletProof,
    events::IdentityEvent,
    model::{Client, Purpose, User, Wallet, WalletAccount},
    ports::{IdentityTransaction, Requester, TokenError, VerifyError, Voucher},
};

/// What somebody presents.
#[derive(Debug)]
pub struct SignInWithWallet {
    /// The wallet and its signature.
    pub proof: WalletProof,
    /// With what they sign in.
    pub client: Client,
    /// Where the request came from.
    pub origin: Origin,
}

/// Nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInWithWalletError {
    /// The nonce is unknown, used or expired, was given for something else, or the signature is not this wallet's: always
    /// the same answer.
    #[error("the signature does not prove this")]
    InvalidSignature,
    /// The signature could not be checked.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The token could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RedeemError> for SignInWithWalletError {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::Verify(error) => Self::Verify(error),
            RedeemError::Store(error) => Self::Store(error),
        }
    }
}

/// How often a wallet's user is looked for anew because the wallet came to somebody, or left them, meanwhile.
const TRIES: usize = 5;

impl Identity {
    /// Signs in with a wallet. One that nobody has gets a user without an address; nothing else that was sent along leads to
    /// an account.
    ///
    /// # Errors
    /// See [`SignInWithWalletError`].
    pub async fn sign_in_with_wallet(&self, command: SignInWithWallet) -> Result<SignedIn, SignInWithWalletError> {
        let SignInWithWallet { proof, client, origin } = command;
        let account = proof.account;
        let (voucher, now) = match self.redeem(proof, Purpose::SignIn, Requester::unknown(&origin)).await? {
            Redeemed::By(voucher, now) => (voucher, now),
            Redeemed::Denied => return self.refuse_wallet(account, &origin).await,
            Redeemed::Unknown => return Err(SignInWithWalletError::InvalidSignature),
        };
        for _ in 0..TRIES {
            match self.open_session_of(account, (voucher, now), client, &origin).await {
                Ok(Some(signed_in)) => return Ok(signed_in),
                Ok(None) => {}
                Err(SignInWithWalletError::InvalidSignature) => return self.refuse_wallet(account, &origin).await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Opens a session for whoever has the wallet. `None` when that has changed meanwhile.
    async fn open_session_of(
        &self,
        account: WalletAccount,
        (voucher, now): (Voucher, OffsetDateTime),
        client: Client,
        origin: &Origin,
    ) -> Result<Option<SignedIn>, SignInWithWalletError> {
        let mut tx = self.ports.store.begin().await?;
        let Some(user) = self.holder_in(&mut *tx, account, origin).await? else { return Ok(None) };
        if !is_vouched(&user, account, voucher) {
            return Err(SignInWithWalletError::InvalidSignature);
        }
        let session = self.new_session(user.id, now);
        let token = self.ports.signer.sign(&self.claims(&session))?;
        let started = IdentityEvent::SessionStartedByWallet { user: user.id, session: session.id, wallet: account };
        let event = Event::by_visitor(origin, started.into(), &*self.ports.clock, &*self.ports.entropy);
        tx.sessions().insert(&session).await?;
        self.limit_sessions(&mut *tx, &session, origin).await?;
        tx.events().append(&event).await?;
        self.meet_client(&mut *tx, &user, client).await?;
        tx.commit().await?;
        Ok(Some(SignedIn { token, expires_at: session.expires_at, user }))
    }

    /// The user of a wallet that has proved itself, for those who open no session. `None` when it has not proved this.
    pub(crate) async fn holder(
        &self,
        account: WalletAccount,
        voucher: Voucher,
        client: Client,
        origin: &Origin,
    ) -> Result<Option<UserId>, StoreError> {
        for _ in 0..TRIES {
            let mut tx = self.ports.store.begin().await?;
            let Some(user) = self.holder_in(&mut *tx, account, origin).await? else { continue };
            if !is_vouched(&user, account, voucher) {
                return Ok(None);
            }
            self.meet_client(&mut *tx, &user, client).await?;
            tx.commit().await?;
            return Ok(Some(user.id));
        }
        Err(StoreError::Busy)
    }

    /// Whoever has the wallet, made now if nobody has. `None` when that has changed meanwhile.
    async fn holder_in(
        &self,
        tx: &mut dyn IdentityTransaction,
        account: WalletAccount,
        origin: &Origin,
    ) -> Result<Option<User>, StoreError> {
        let Some(id) = tx.wallets().find_holder(&account.address()).await? else {
            return self.make_user(tx, account, origin).await;
        };
        let known = tx.users().lock(id).await?.map(|known| known.user);
        Ok(known.filter(|user| user.holds(&account.address())))
    }

    /// `None` when the wallet has become somebody's meanwhile: the transaction is then worth nothing.
    async fn make_user(
        &self,
        tx: &mut dyn IdentityTransaction,
        account: WalletAccount,
        origin: &Origin,
    ) -> Result<Option<User>, StoreError> {
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let now = clock.now();
        let wallet = Wallet { account, linked_at: now };
        let user = User {
            id: UserId::generate(clock, entropy),
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
        let made = IdentityEvent::UserMadeByWallet { user: user.id, wallet: account };
        tx.events().append(&Event::by_visitor(origin, made.into(), clock, entropy)).await?;
        Ok(Some(user))
    }

    async fn refuse_wallet(&self, account: WalletAccount, origin: &Origin) -> Result<SignedIn, SignInWithWalletError> {
        let mut tx = self.ports.store.begin().await?;
        let user = tx.wallets().find_holder(&account.address()).await?;
        let what = IdentityEvent::WalletRefused { user, wallet: account }.into();
        tx.events().append(&Event::by_visitor(origin, what, &*self.ports.clock, &*self.ports.entropy)).await?;
        tx.commit().await?;
        Err(SignInWithWalletError::InvalidSignature)
    }
}

/// A contract vouches for its own chain only: on another, its address may be somebody else's.
fn is_vouched(user: &User, account: WalletAccount, voucher: Voucher) -> bool {
    voucher == Voucher::Key || user.linked(&account)
}
