//! The transaction that implements the ports of all domains. The module of each table implements the operations on it.

use async_trait::async_trait;
use tessera_apikeys::ports::{ApiKeyRows, ApiKeyTransaction};
use tessera_apps::ports::{AppTransaction, Applications};
use tessera_identity::ports::{
    CustomDataRows, IdentityTransaction, KnownDevices, PasswordResetRows, Sessions, Users, Wallets,
};
use tessera_kernel::{EventLog, Outbox, StoreError};
use tessera_orgs::ports::{
    Departures, InvitationMails, InvitationRows, MembershipRows, OrgDocuments, OrgTransaction, Organizations,
};
use tessera_sso::ports::{SsoCodes, SsoSessions, SsoTransaction};

use super::connection::PooledConnection;

/// An open transaction. If it is dropped without a commit, it rolls back and returns its connection.
pub(in crate::database) struct Tx {
    pub(in crate::database) lease: PooledConnection,
}

#[async_trait]
impl IdentityTransaction for Tx {
    fn users(&mut self) -> &mut dyn Users {
        self
    }

    fn wallets(&mut self) -> &mut dyn Wallets {
        self
    }

    fn sessions(&mut self) -> &mut dyn Sessions {
        self
    }

    fn known_devices(&mut self) -> &mut dyn KnownDevices {
        self
    }

    fn custom_data(&mut self) -> &mut dyn CustomDataRows {
        self
    }

    fn password_resets(&mut self) -> &mut dyn PasswordResetRows {
        self
    }

    fn outbox(&mut self) -> &mut dyn Outbox {
        self
    }

    fn events(&mut self) -> &mut dyn EventLog {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.commit().await
    }
}

#[async_trait]
impl OrgTransaction for Tx {
    fn organizations(&mut self) -> &mut dyn Organizations {
        self
    }

    fn memberships(&mut self) -> &mut dyn MembershipRows {
        self
    }

    fn departures(&mut self) -> &mut dyn Departures {
        self
    }

    fn documents(&mut self) -> &mut dyn OrgDocuments {
        self
    }

    fn invitations(&mut self) -> &mut dyn InvitationRows {
        self
    }

    fn invitation_mails(&mut self) -> &mut dyn InvitationMails {
        self
    }

    fn outbox(&mut self) -> &mut dyn Outbox {
        self
    }

    fn events(&mut self) -> &mut dyn EventLog {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.commit().await
    }
}

#[async_trait]
impl AppTransaction for Tx {
    fn applications(&mut self) -> &mut dyn Applications {
        self
    }

    fn events(&mut self) -> &mut dyn EventLog {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.commit().await
    }
}

#[async_trait]
impl ApiKeyTransaction for Tx {
    fn keys(&mut self) -> &mut dyn ApiKeyRows {
        self
    }

    fn outbox(&mut self) -> &mut dyn Outbox {
        self
    }

    fn events(&mut self) -> &mut dyn EventLog {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.commit().await
    }
}

#[async_trait]
impl SsoTransaction for Tx {
    fn sso_sessions(&mut self) -> &mut dyn SsoSessions {
        self
    }

    fn sso_codes(&mut self) -> &mut dyn SsoCodes {
        self
    }

    fn events(&mut self) -> &mut dyn EventLog {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.commit().await
    }
}
