//! The mails that prove control of an address.

use tessera_kernel::{EmailAddress, SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use super::model::{EmailChange, EmailProof, ProofSide, VERIFICATION_TTL, VerificationCode, VerificationToken};
use crate::{
    Identity,
    model::User,
    ports::{IdentityTransaction, VerificationMail, VerificationReason},
};

/// A token and a code for one mail, with their hashes.
pub(crate) struct MailSecrets {
    token: VerificationToken,
    code: VerificationCode,
    pub(crate) token_hash: SecretHash,
    pub(crate) code_hash: SecretHash,
}

/// A mail that proves control of an address, or tells its owner that another account has it.
pub(crate) struct Proving<'a> {
    pub(crate) to: &'a EmailAddress,
    pub(crate) reason: VerificationReason<'a>,
    pub(crate) expires_at: OffsetDateTime,
    /// The address of another account that has this one. Its owner gets a notice, and no one a token.
    pub(crate) taken_by: Option<EmailAddress>,
}

impl Identity {
    /// Creates a token, and a code that only counts for this user.
    pub(crate) fn mail_secrets(&self, user: UserId) -> MailSecrets {
        let token = VerificationToken::generate(&*self.ports.system.entropy);
        let code = VerificationCode::generate(&*self.ports.system.entropy);
        let (token_hash, code_hash) = (self.ports.digest.digest(token.expose()), self.hash_of_mailed_code(user, &code));
        MailSecrets { token, code, token_hash, code_hash }
    }

    /// The hash of a code, as it is stored.
    pub(crate) fn hash_of_mailed_code(&self, user: UserId, code: &VerificationCode) -> SecretHash {
        self.ports.keyed_digest.keyed_digest(&format!("mail code {user} {}", code.expose()))
    }

    /// Returns the address of the account that has this one, as its owner wrote it: another spelling may be another mailbox.
    pub(crate) async fn taken_by(&self, email: &EmailAddress) -> Result<Option<EmailAddress>, StoreError> {
        Ok(self.ports.store.find_credentials(email).await?.and_then(|known| known.user.email))
    }

    /// Adds the mail to the outbox.
    pub(crate) async fn mail(
        &self,
        tx: &mut dyn IdentityTransaction,
        secrets: &MailSecrets,
        proving: &Proving<'_>,
    ) -> Result<(), StoreError> {
        let (templates, now) = (&*self.ports.mail_templates, self.ports.system.now());
        let verification = VerificationMail {
            to: proving.to,
            token: &secrets.token,
            code: &secrets.code,
            reason: proving.reason,
            expires_at: proving.expires_at,
        };
        let mail = match &proving.taken_by {
            Some(owner) => templates.address_taken(owner, now),
            None => templates.verification(&verification),
        };
        self.ports.notices.deliver(VERIFICATION_TTL, tx.outbox(), &mail).await
    }

    /// Stores a new proof of an account and mails its secrets. If the address is taken, the proof is stored all the same and
    /// its secrets are sent to no address: what the user sees is then the same. The caller holds the lock on the user.
    pub(crate) async fn mail_proof(
        &self,
        tx: &mut dyn IdentityTransaction,
        (user, side): (UserId, ProofSide),
        proving: &Proving<'_>,
    ) -> Result<(), StoreError> {
        let secrets = self.mail_secrets(user);
        let proof = EmailProof {
            user,
            side,
            email: proving.to.clone(),
            token: secrets.token_hash,
            code: secrets.code_hash,
            expires_at: proving.expires_at,
        };
        tx.email_proofs().issue(&proof).await?;
        self.mail(tx, &secrets, proving).await
    }

    /// Mails the proof of the present address of a user. `now` is by the database clock.
    pub(crate) async fn mail_verification(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: &User,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let Some(to) = &user.email else { return Ok(()) };
        let expires_at = now + VERIFICATION_TTL;
        let proving = Proving { to, reason: VerificationReason::Account, expires_at, taken_by: None };
        self.mail_proof(tx, (user.id, ProofSide::Current), &proving).await
    }

    /// Mails the proofs that a change waits for. `taken_by` is the address of another account that has the new one.
    pub(crate) async fn mail_change(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: &User,
        change: &EmailChange,
        taken_by: Option<EmailAddress>,
    ) -> Result<(), StoreError> {
        let expires_at = change.expires_at;
        if change.awaits_new {
            let proving = Proving { to: &change.email, reason: VerificationReason::NewAddress, expires_at, taken_by };
            self.mail_proof(tx, (user.id, ProofSide::New), &proving).await?;
        }
        if let Some(to) = user.email.as_ref().filter(|_| change.awaits_old) {
            let reason = VerificationReason::OldAddress { new: &change.email };
            let proving = Proving { to, reason, expires_at, taken_by: None };
            self.mail_proof(tx, (user.id, ProofSide::Old), &proving).await?;
        }
        Ok(())
    }
}
