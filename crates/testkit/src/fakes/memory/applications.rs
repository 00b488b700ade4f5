//! Applications and items.

use async_trait::async_trait;
use tessera_apps::{
    model::Application,
    ports::{AppStore, AppTransaction, Applications},
};
use tessera_inventory::model::{Item, ItemChange};
use tessera_kernel::{ApplicationId, OrganizationId, Page, PageRequest, StoreError};

use super::{
    read::page,
    state::{Room, State, unless},
    store::MemoryStore,
    transaction::MemoryTransaction,
};

impl State {
    pub(super) fn insert_application(&mut self, application: &Application) -> Result<(), StoreError> {
        let taken = self.applications.contains_key(&application.id) || self.deleted.contains(&application.id);
        unless(taken, "applications_id")?;
        unless(!self.organizations.contains_key(&application.organization_id), StoreError::REFERENCE)?;
        self.applications.insert(application.id, application.clone());
        Ok(())
    }

    pub(super) fn update_application(&mut self, change: &Application) -> bool {
        let known = self.applications.get_mut(&change.id);
        known
            .map(|known| {
                let (organization_id, created_at) = (known.organization_id, known.created_at);
                *known = Application { organization_id, created_at, ..change.clone() };
            })
            .is_some()
    }

    /// The contents of the application stay until they are cleared, but no read returns them.
    pub(super) fn delete_application(&mut self, id: ApplicationId) -> bool {
        let deleted = self.applications.remove(&id).is_some();
        if deleted {
            self.deleted.push(id);
        }
        deleted
    }

    /// Items of applications that are not deleted.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values().filter(|item| self.applications.contains_key(&item.application_id))
    }

    fn clear_deleted(&mut self, most: u32) -> u64 {
        let mut room = Room(most);
        while let Some(id) = self.deleted.first().copied() {
            self.keys.retain(|_, stored| !room.takes(stored.key.application() == Some(id)));
            self.items.retain(|_, item| !room.takes(item.application_id == id));
            self.sso_sessions.retain(|_, session| !room.takes(session.request.application == id));
            self.sso_codes.retain(|_, code| !room.takes(code.application == id));
            if !room.takes(true) {
                break;
            }
            self.deleted.remove(0);
        }
        u64::from(most - room.0)
    }

    pub(super) fn upsert_item(
        &mut self,
        change: &ItemChange,
        maximum: Option<u64>,
    ) -> Result<Option<Item>, StoreError> {
        unless(!self.applications.contains_key(&change.application_id), StoreError::REFERENCE)?;
        let same = |item: &&mut Item| item.application_id == change.application_id && item.sku == change.sku;
        if let Some(item) = self.items.values_mut().find(same) {
            item.name = change.name.clone().unwrap_or_else(|| item.name.clone());
            item.description = change.description.clone().unwrap_or_else(|| item.description.clone());
            item.quantity = change.quantity.unwrap_or(item.quantity);
            item.metadata = change.metadata.clone().unwrap_or_else(|| item.metadata.clone());
            item.version += 1;
            item.updated_at = change.at;
            return Ok(Some(item.clone()));
        }
        let items: u64 = self.items().filter(|item| item.application_id == change.application_id).map(|_| 1).sum();
        if maximum.is_some_and(|maximum| items >= maximum) {
            return Ok(None);
        }
        let item = crate::builders::item_made_by(change);
        self.items.insert(item.id, item.clone());
        Ok(Some(item))
    }
}

#[async_trait]
impl AppStore for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn AppTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await))
    }

    async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>, StoreError> {
        Ok(self.state().applications.get(&id).cloned())
    }

    async fn list_applications(&self, of: OrganizationId, page: PageRequest) -> Result<Page<Application>, StoreError> {
        let state = self.state();
        let rows = state.applications.values().filter(|application| application.organization_id == of);
        Ok(page!(rows, page, |row: &Application| row.id.as_uuid()))
    }

    async fn clear_deleted(&self, most: u32) -> Result<u64, StoreError> {
        let mut tx = self.transaction().await;
        let cleared = tx.state.clear_deleted(most);
        tx.publish()?;
        Ok(cleared)
    }
}

impl AppTransaction for MemoryTransaction {
    tessera_kernel::accessors!(applications: Applications);
}

#[async_trait]
impl Applications for MemoryTransaction {
    async fn insert(&mut self, application: &Application) -> Result<(), StoreError> {
        self.state.insert_application(application)
    }

    async fn lock_and_count(&mut self, of: OrganizationId) -> Result<Option<u64>, StoreError> {
        let applications = self.state.applications.values().filter(|application| application.organization_id == of);
        Ok(self.state.organizations.contains_key(&of).then(|| applications.map(|_| 1).sum()))
    }

    async fn lock(&mut self, id: ApplicationId) -> Result<Option<Application>, StoreError> {
        Ok(self.state.applications.get(&id).cloned())
    }

    async fn update(&mut self, application: &Application) -> Result<bool, StoreError> {
        Ok(self.state.update_application(application))
    }

    async fn delete(&mut self, id: ApplicationId) -> Result<bool, StoreError> {
        Ok(self.state.delete_application(id))
    }
}
