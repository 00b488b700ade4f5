//! Deletion of organizations.

use tessera_kernel::{ApplicationId, OrganizationId};

use super::state::State;

impl State {
    /// Removes an organization with all that belongs to it. Returns whether it existed.
    pub(super) fn delete_organization(&mut self, id: OrganizationId) -> bool {
        if self.organizations.remove(&id).is_none() {
            return false;
        }
        let of_id = |application: &&tessera_apps::model::Application| application.organization_id == id;
        let applications: Vec<ApplicationId> = self.applications.values().filter(of_id).map(|one| one.id).collect();
        for application in applications {
            self.delete_application(application);
        }
        let before = self.rows_of_organizations();
        self.keys.retain(|_, stored| stored.key.application().is_some() || stored.key.organization_id != id);
        self.service_accounts.retain(|_, account| account.organization_id != id);
        self.memberships.retain(|(of, _), _| *of != id);
        self.departures.retain(|(of, _), _| *of != id);
        self.system_data.retain(|(of, _), _| *of != id);
        let invitations = &self.invitations;
        self.invitation_mails.retain(|known| {
            invitations.get(&known.invitation).is_none_or(|(invitation, _)| invitation.organization_id != id)
        });
        self.invitations.retain(|_, (known, _)| known.organization_id != id);
        self.settings.remove(&id);
        self.uncleared += before - self.rows_of_organizations() + 1;
        true
    }

    /// The number of rows that are removed in steps.
    fn rows_of_organizations(&self) -> u64 {
        let keys = self.keys.values().filter(|stored| stored.key.application().is_none()).count();
        let rows = self.memberships.len() + self.departures.len() + self.system_data.len();
        (keys + self.service_accounts.len() + rows + self.invitations.len() + self.invitation_mails.len()) as u64
    }

    pub(super) fn clear_deleted_organizations(&mut self, most: u32) -> u64 {
        let cleared = self.uncleared.min(u64::from(most));
        self.uncleared -= cleared;
        cleared
    }
}
