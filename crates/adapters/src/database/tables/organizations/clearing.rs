//! Deletion of deleted organizations and of their rows, in bounded steps.

use diesel::{OptionalExtension, dsl::exists, prelude::*};
use tessera_kernel::StoreError;

use crate::database::engine::{
    SqlStore,
    clearing::{delete_rows_of, delete_selected},
    clock::Now,
    connection::with_connection,
    rows::affected,
    run_query::RunQueryDsl,
    schema::{
        api_keys, applications, departures, invitation_mails, invitations, memberships, organizations,
        service_accounts, system_data,
    },
    types::DbId,
};

diesel::alias! {
    const MEMBERS: Alias<Members> = memberships as cleared;
    const DEPARTED: Alias<Departed> = departures as cleared;
    const DATA: Alias<Data> = system_data as cleared;
    const INVITED: Alias<Invited> = invitations as cleared;
    const MAILED: Alias<Mailed> = invitation_mails as cleared;
    const KEYS: Alias<Keys> = api_keys as cleared;
    const ACCOUNTS: Alias<Accounts> = service_accounts as cleared;
}

/// Removes up to `most` rows of deleted organizations. Each statement commits separately: a crash in between loses
/// nothing, and the next call continues.
pub(in crate::database::tables) async fn clear_deleted(store: &SqlStore, most: u32) -> Result<u64, StoreError> {
    let most = u64::from(most);
    let mut cleared = 0;
    mark_applications(store).await?;
    while cleared < most {
        let Some(id) = first_deleted(store).await? else { break };
        cleared += clear_contents(store, id, most - cleared).await?;
        if cleared < most {
            // No rows were added since: a transaction that adds rows locks the organization, and only while it is not
            // deleted.
            // Keys have no reference to the organization, so a key that a writer has locked must keep it.
            let keys = api_keys::table
                .filter(api_keys::organization_id.eq(organizations::id))
                .filter(api_keys::application_id.is_null());
            let delete = organizations::table
                .filter(organizations::id.eq(id))
                .filter(organizations::deleted_at.is_not_null())
                .filter(diesel::dsl::not(exists(keys)));
            let mut lease = store.writer().await?;
            let deleted = with_connection!(&mut lease, |c| diesel::delete(delete).execute(c).await).map(affected)?;
            if deleted == 0 {
                break;
            }
            cleared += deleted;
        }
    }
    Ok(cleared)
}

/// Selects the applications of deleted organizations that are not marked.
#[diesel::dsl::auto_type]
fn unmarked() -> _ {
    let deleted = organizations::table.filter(organizations::deleted_at.is_not_null()).select(organizations::id);
    applications::table.filter(applications::organization_id.eq_any(deleted)).filter(applications::deleted_at.is_null())
}

/// Marks the applications of deleted organizations. All of them are marked already, unless a node of an earlier version,
/// which does not know deleted organizations, has added one.
async fn mark_applications(store: &SqlStore) -> Result<(), StoreError> {
    let mut lease = store.reader().await?;
    let query = unmarked().select(applications::id);
    let found: Option<DbId> = with_connection!(&mut lease, |c| query.first(c).await.optional())?;
    drop(lease);
    if found.is_some() {
        let mut lease = store.writer().await?;
        let mark = diesel::update(unmarked()).set(applications::deleted_at.eq(Now.nullable()));
        with_connection!(&mut lease, |c| mark.execute(c).await)?;
    }
    Ok(())
}

/// The first deleted organization whose applications are removed completely.
async fn first_deleted(store: &SqlStore) -> Result<Option<DbId>, StoreError> {
    let mut lease = store.reader().await?;
    let left = applications::table.filter(applications::organization_id.eq(organizations::id));
    let query = organizations::table
        .filter(organizations::deleted_at.is_not_null())
        .filter(diesel::dsl::not(exists(left)))
        .order((organizations::deleted_at, organizations::id))
        .select(organizations::id);
    with_connection!(&mut lease, |c| query.first(c).await.optional())
}

/// Removes up to `most` keys of an organization itself.
async fn clear_keys(store: &SqlStore, id: DbId, most: i64) -> Result<u64, StoreError> {
    let rows = KEYS
        .filter(KEYS.field(api_keys::organization_id).eq(id))
        .filter(KEYS.field(api_keys::application_id).is_null())
        .order(KEYS.field(api_keys::id))
        .limit(most)
        .select(KEYS.field(api_keys::id));
    // Without the condition on the application, no index serves it.
    let own = api_keys::table.filter(api_keys::organization_id.eq(id)).filter(api_keys::application_id.is_null());
    delete_selected!(&mut store.writer().await?, own, api_keys::id, rows)
}

/// Removes up to `most` rows that belong to an organization. Removes fewer only if none are left. The settings are one
/// row, which is removed with the organization.
async fn clear_contents(store: &SqlStore, id: DbId, most: u64) -> Result<u64, StoreError> {
    let mut cleared = 0;
    let left = |cleared: u64| i64::try_from(most.saturating_sub(cleared)).unwrap_or(i64::MAX);
    // The keys of the applications are removed already, with the applications.
    cleared += clear_keys(store, id, left(cleared)).await?;
    cleared += delete_rows_of!(store, organization_id = id, left(cleared), service_accounts, ACCOUNTS, id)?;
    cleared += delete_rows_of!(store, organization_id = id, left(cleared), memberships, MEMBERS, user_id)?;
    cleared += delete_rows_of!(store, organization_id = id, left(cleared), departures, DEPARTED, user_id)?;
    cleared += delete_rows_of!(store, organization_id = id, left(cleared), system_data, DATA, user_id)?;
    cleared += delete_rows_of!(store, organization_id = id, left(cleared), invitation_mails, MAILED, mail_id)?;
    cleared += delete_rows_of!(store, organization_id = id, left(cleared), invitations, INVITED, id)?;
    Ok(cleared)
}
