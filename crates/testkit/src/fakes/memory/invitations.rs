//! Invitations, and the mails that contain them.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, InvitationId, MailId, OrganizationId, SecretHash, StoreError};
use tessera_orgs::{
    model::{Claim, Invitation, InvitationState, MailDelivery},
    ports::{InvitationMails, InvitationRows, InvitationsOf, MailNote},
};
use time::OffsetDateTime;

use super::{
    rows::{NotedMail, StoredMail},
    state::{State, unless},
    transaction::MemoryTransaction,
};

impl State {
    pub(super) fn invitation_by_token(&self, token: &SecretHash) -> Option<Invitation> {
        self.invitations.values().find(|(_, hash)| hash == token).map(|(known, _)| known.clone())
    }

    fn open_invitation(&self, of: OrganizationId, email: &EmailAddress) -> Option<Invitation> {
        let open = |known: &&Invitation| {
            known.organization_id == of && known.email == *email && known.state == InvitationState::Open
        };
        self.invitations.values().map(|(known, _)| known).find(open).cloned()
    }

    /// Returns the delivery state of the latest mail of an invitation.
    pub(super) fn delivery(&self, invitation: InvitationId) -> Option<MailDelivery> {
        let mails = self.invitation_mails.iter().filter(|known| known.invitation == invitation);
        let latest = mails.map(|known| known.mail).max()?;
        self.mails.get(&latest).map(StoredMail::delivery)
    }

    fn open_by_id(&mut self, id: InvitationId) -> Option<&mut (Invitation, SecretHash)> {
        self.invitations.get_mut(&id).filter(|(known, _)| known.state == InvitationState::Open)
    }
}

#[async_trait]
impl InvitationRows for MemoryTransaction {
    async fn insert(&mut self, invitation: &Invitation, token: &SecretHash) -> Result<(), StoreError> {
        let state = &mut self.state;
        unless(state.invitations.contains_key(&invitation.id), "invitations_id")?;
        unless(state.invitation_by_token(token).is_some(), "invitations_token_hash")?;
        let another = state.open_invitation(invitation.organization_id, &invitation.email).is_some();
        let open = invitation.state == InvitationState::Open;
        unless(open && another, "invitations_organization_id_pending_email")?;
        unless(!state.organizations.contains_key(&invitation.organization_id), StoreError::REFERENCE)?;
        state.invitations.insert(invitation.id, (invitation.clone(), *token));
        Ok(())
    }

    async fn find(&mut self, of: OrganizationId, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let known = self.state.invitations.get(&id).filter(|(known, _)| known.organization_id == of);
        Ok(known.map(|(known, _)| known.clone()))
    }

    async fn find_open(&mut self, of: OrganizationId, email: &EmailAddress) -> Result<Option<Invitation>, StoreError> {
        Ok(self.state.open_invitation(of, email))
    }

    async fn lock_by_token(&mut self, token: &SecretHash) -> Result<Option<Invitation>, StoreError> {
        Ok(self.state.invitation_by_token(token))
    }

    async fn renew(&mut self, invitation: &Invitation, token: &SecretHash) -> Result<bool, StoreError> {
        let Some((known, hash)) = self.state.open_by_id(invitation.id) else { return Ok(false) };
        known.invited_by = invitation.invited_by;
        known.expires_at = invitation.expires_at;
        known.claim = None;
        *hash = *token;
        Ok(true)
    }

    async fn claim(&mut self, id: InvitationId, claim: Claim) -> Result<bool, StoreError> {
        Ok(self.state.open_by_id(id).map(|(known, _)| known.claim = Some(claim)).is_some())
    }

    async fn end(&mut self, id: InvitationId, state: InvitationState) -> Result<bool, StoreError> {
        let open = self.state.open_by_id(id).filter(|_| state != InvitationState::Open);
        let Some((known, _)) = open else { return Ok(false) };
        known.state = state;
        let of = known.organization_id;
        if matches!(state, InvitationState::Accepted { .. }) {
            self.state.joined_by_invitation.insert(of);
        }
        Ok(true)
    }

    async fn any_accepted(&mut self, of: OrganizationId) -> Result<bool, StoreError> {
        Ok(self.state.joined_by_invitation.contains(&of))
    }

    async fn withdraw_all(
        &mut self,
        of: OrganizationId,
        which: InvitationsOf<'_>,
        at: OffsetDateTime,
    ) -> Result<Vec<InvitationId>, StoreError> {
        let invitee = match which {
            InvitationsOf::Invitee(user) => self.state.users.get(&user).and_then(|known| known.user.email.clone()),
            InvitationsOf::Inviter { .. } => None,
        };
        let meant = |known: &Invitation| match which {
            InvitationsOf::Invitee(_) => invitee.as_ref() == Some(&known.email),
            InvitationsOf::Inviter { user, roles } => {
                known.invited_by == user && known.is_pending(at) && roles.contains(&known.role)
            }
        };
        let all = self.state.invitations.values_mut().map(|(known, _)| known);
        let open = all.filter(|known| known.organization_id == of && known.state == InvitationState::Open);
        let ended = open.filter(|known| meant(known)).map(|known| {
            known.state = InvitationState::Withdrawn { at };
            known.id
        });
        Ok(ended.collect())
    }

    async fn count_pending(&mut self, of: OrganizationId, now: OffsetDateTime) -> Result<u64, StoreError> {
        let pending = |known: &&(Invitation, SecretHash)| known.0.organization_id == of && known.0.is_pending(now);
        Ok(self.state.invitations.values().filter(pending).map(|_| 1).sum())
    }

    async fn count_claimed(&mut self, of: OrganizationId, now: OffsetDateTime) -> Result<u64, StoreError> {
        let open = self.state.invitations.values().map(|(known, _)| known);
        let open = open.filter(|known| known.organization_id == of && known.state == InvitationState::Open);
        Ok(open.filter(|known| known.is_claimed_by_another(None, now)).map(|_| 1).sum())
    }
}

#[async_trait]
impl InvitationMails for MemoryTransaction {
    async fn carrying(&mut self, invitation: InvitationId) -> Result<Vec<MailId>, StoreError> {
        let mails = self.state.invitation_mails.iter().filter(|known| known.invitation == invitation);
        let mut mails: Vec<MailId> = mails.map(|known| known.mail).collect();
        mails.sort();
        Ok(mails)
    }

    async fn of_organization(&mut self, of: OrganizationId) -> Result<Vec<MailId>, StoreError> {
        let state = &self.state;
        let inside = |known: &&NotedMail| {
            state.invitations.get(&known.invitation).is_some_and(|(known, _)| known.organization_id == of)
        };
        let mut mails: Vec<MailId> = state.invitation_mails.iter().filter(inside).map(|known| known.mail).collect();
        mails.sort();
        Ok(mails)
    }

    async fn note(&mut self, _of: OrganizationId, note: &MailNote<'_>) -> Result<(), StoreError> {
        let MailNote { mail, invitation, .. } = *note;
        self.state.invitation_mails.push(NotedMail { mail, invitation });
        Ok(())
    }
}
