//! Accounts of invited users, for the domain of organizations.

use async_trait::async_trait;
use tessera_kernel::{
    AccountError, Accounts, Actor, EmailAddress, InvitedAccount, InvitedGuest, PasswordFault, PreparedAccount, Secret,
    UserId,
};

use crate::{
    ContinueSessionError, Identity, NewAccount, ProvisionAccount, ProvisionAccountError, VerifyEmailError,
    model::{Device, DisplayName, PasswordAttempt, PasswordError, User},
    ports::HashError,
};

#[async_trait]
impl Accounts for Identity {
    async fn verify_email(&self, actor: &Actor, email: &EmailAddress) -> Result<InvitedAccount, AccountError> {
        Ok(account(&Self::verify_email(self, actor, email).await?, false))
    }

    async fn prepare(&self, guest: &InvitedGuest) -> Result<Option<PreparedAccount>, AccountError> {
        let prepared = self.prepare_account(&command(guest)?).await?;
        Ok(prepared.map(|account| PreparedAccount { password_hash: account.into_password_hash() }))
    }

    async fn provision(
        &self,
        guest: &InvitedGuest,
        prepared: Option<PreparedAccount>,
    ) -> Result<InvitedAccount, AccountError> {
        let command = command(guest)?;
        let prepared = prepared.map(|prepared| NewAccount::with_password_hash(prepared.password_hash));
        let provisioned = self.provision_account(command, prepared).await?;
        Ok(account(&provisioned.user, provisioned.created))
    }

    async fn continue_session(&self, actor: &Actor) -> Result<Secret<String>, AccountError> {
        Ok(Self::continue_session(self, actor).await?.token)
    }

    async fn first_session(&self, user: UserId, guest: &InvitedGuest) -> Result<Secret<String>, AccountError> {
        let device = Device::seen(guest.user_agent.as_deref(), guest.origin.address);
        Ok(Self::first_session(self, user, device, &guest.origin).await?.token)
    }
}

const fn account(user: &User, created: bool) -> InvitedAccount {
    InvitedAccount { user: user.id, created, profile_complete: user.profile_complete() }
}

fn command(guest: &InvitedGuest) -> Result<ProvisionAccount, AccountError> {
    let display_name = guest.display_name.as_deref().map(str::parse::<DisplayName>).transpose();
    Ok(ProvisionAccount {
        email: guest.email.clone(),
        password: guest.password.as_ref().map(|text| PasswordAttempt::new(text.expose())),
        display_name: display_name.map_err(|error| AccountError::Failed(Box::new(error)))?,
        origin: guest.origin.clone(),
    })
}

impl From<VerifyEmailError> for AccountError {
    fn from(error: VerifyEmailError) -> Self {
        match error {
            VerifyEmailError::NotFound => Self::SessionEnded,
            VerifyEmailError::AnotherAddress => Self::AnotherAddress,
            VerifyEmailError::Store(error) => Self::Store(error),
        }
    }
}

impl From<ProvisionAccountError> for AccountError {
    fn from(error: ProvisionAccountError) -> Self {
        match error {
            ProvisionAccountError::EmailNotVerified => Self::EmailNotVerified,
            ProvisionAccountError::PasswordLength(error) => {
                let fault = match error {
                    PasswordError::TooShort { .. } => PasswordFault::TooShort,
                    PasswordError::TooLong { .. } => PasswordFault::TooLong,
                };
                Self::Password { fault, detail: error.to_string() }
            }
            ProvisionAccountError::PasswordWeak(weak) => {
                Self::Password { fault: PasswordFault::Weak, detail: weak.advice() }
            }
            ProvisionAccountError::Hash(HashError::Busy { retry_after }) => Self::Busy { retry_after },
            ProvisionAccountError::Hash(error @ HashError::Failed(_)) => Self::Failed(Box::new(error)),
            ProvisionAccountError::Store(error) => Self::Store(error),
        }
    }
}

impl From<ContinueSessionError> for AccountError {
    fn from(error: ContinueSessionError) -> Self {
        match error {
            ContinueSessionError::Ended => Self::SessionEnded,
            ContinueSessionError::Token(error) => Self::Failed(Box::new(error)),
            ContinueSessionError::Store(error) => Self::Store(error),
        }
    }
}
