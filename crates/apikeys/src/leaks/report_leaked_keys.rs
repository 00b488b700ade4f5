//! The revocation of leaked keys that anyone reports.

use tessera_kernel::{CredentialStatus, Event, RequestMetadata, StoreError, idempotent_request};
use tessera_outbox::NoticeTopic;

use super::model::{LeakReport, LeakSource, LeakUrl, LeakedKeys};
use crate::{
    ApiKeys,
    events::KeyEvent,
    model::{ApiKey, RawKey},
    ports::ApiKeyTransaction,
    service::KeyNotices,
    verification::check::CheckedKey,
};

/// The keys that were found, and where.
#[derive(Debug)]
pub struct ReportLeakedKeys {
    /// The found texts. White space around a text is ignored.
    pub keys: LeakedKeys,
    /// The finder as the reporter names it: a person, an organization or a program.
    pub source: Option<LeakSource>,
    /// Where they were found.
    pub url: Option<LeakUrl>,
    /// The metadata of the request.
    pub origin: RequestMetadata,
}

impl ApiKeys {
    /// The maximum number of owners who get a mail about one key: those with the oldest accounts.
    const MAX_RECIPIENTS: usize = 50;

    /// Revokes each reported key that exists and is neither revoked nor expired, and notifies the owners of its
    /// organization. Repeating the call changes nothing. Malformed keys
    /// are ignored without a storage access.
    ///
    /// The caller learns nothing about the keys.
    ///
    /// # Errors
    /// Storage failed. Some keys may be revoked already; repeating the call revokes the others.
    pub async fn report_leaked_keys(&self, command: ReportLeakedKeys) -> Result<(), StoreError> {
        let report = LeakReport::new(command.source.as_ref(), command.url.as_ref());
        for text in command.keys.iter() {
            let CheckedKey::Known(mut found, status) = self.check_key(text).await? else { continue };
            // Of a rotated key, the previous secret may be the reported one.
            if let Ok(raw) = text.parse::<RawKey>() {
                raw.shown().clone_into(&mut found.stored.key.key_prefix);
            }
            match status {
                // A disabled key could become valid again.
                CredentialStatus::Live | CredentialStatus::Disabled => {
                    // Each key has a transaction of its own. Repeated requests revoke what is left.
                    let revocation = self.revoke_leaked(&found.stored.key, &report, &command.origin);
                    idempotent_request::preparing(revocation).await?;
                }
                CredentialStatus::Ended | CredentialStatus::Expired => {}
            }
        }
        Ok(())
    }

    async fn revoke_leaked(
        &self,
        key: &ApiKey,
        report: &LeakReport,
        origin: &RequestMetadata,
    ) -> Result<(), StoreError> {
        let event = Event::by_anonymous(origin, KeyEvent::Leaked(key, report), &self.ports.system);
        let mut tx = self.ports.store.begin().await?;
        // One conditional statement, so that of concurrent reports and revocations only the first has an effect.
        if !tx.keys().revoke(key.id, self.ports.system.now()).await? {
            return Ok(());
        }
        tx.events().append(&event).await?;
        self.notify_owners(&mut *tx, key, report).await?;
        tx.commit().await
    }

    /// Adds a mail to each owner of the organization of the key, in the transaction that revokes the key.
    async fn notify_owners(
        &self,
        tx: &mut dyn ApiKeyTransaction,
        key: &ApiKey,
        report: &LeakReport,
    ) -> Result<(), StoreError> {
        let Some(KeyNotices { notices, templates }) = &self.ports.notices else { return Ok(()) };
        let mut owners = tx.keys().owners(key.organization_id).await?;
        owners.truncate(Self::MAX_RECIPIENTS);
        // All transactions use the same order, so that two transactions with the same recipients can't deadlock.
        owners.sort_by(|one, other| one.email.canonical().cmp(other.email.canonical()));
        for owner in owners {
            // Any user can cause notices of an organization that the recipient has not opened, so these have a limit of
            // their own.
            let topic = if owner.opened { NoticeTopic::Owners } else { NoticeTopic::Memberships };
            let write = |context| templates.key_leaked(&owner.email, key, report, context);
            notices.notify(tx.outbox(), topic, &owner.email, write).await?;
        }
        Ok(())
    }
}
