//! The part of user profiles that organizations may read.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_kernel::{EmailAddress, StoreError, UserId};
use tessera_orgs::{model::Profile, ports::UserProfiles};

use crate::database::engine::{
    SqlStore,
    connection::with_connection,
    rows::{padded, parse_optional},
    run_query::RunQueryDsl,
    schema::{passkeys, totp_factors, users},
    types::DbId,
};

/// Number of users per query. It is below the parameter limit of both databases.
const AT_ONCE: usize = 1_000;

type ProfileRow = (DbId, Option<String>, Option<String>);

pub(super) fn profile((id, email, display_name): ProfileRow) -> Profile {
    Profile { user_id: UserId::from_uuid(id.0), email, display_name }
}

#[async_trait]
impl UserProfiles for SqlStore {
    async fn find_profile_by_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError> {
        let mut lease = self.reader().await?;
        let query = users::table.filter(users::email_canonical.eq(email.canonical())).select((
            users::id,
            users::email,
            users::display_name,
        ));
        let row: Option<ProfileRow> = with_connection!(&mut lease, |c| query.first(c).await.optional())?;
        Ok(row.map(profile))
    }

    async fn find_verified_email(&self, user: UserId) -> Result<Option<EmailAddress>, StoreError> {
        let mut lease = self.reader().await?;
        let query = users::table.find(DbId(user.as_uuid())).filter(users::email_verified.eq(true)).select(users::email);
        let email: Option<Option<String>> = with_connection!(&mut lease, |c| query.first(c).await.optional())?;
        parse_optional("users.email", email.flatten().as_deref())
    }

    async fn find_profile_by_verified_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError> {
        let mut lease = self.reader().await?;
        let query = users::table
            .filter(users::email_canonical.eq(email.canonical()))
            .filter(users::email_verified.eq(true))
            .select((users::id, users::email, users::display_name));
        let row: Option<ProfileRow> = with_connection!(&mut lease, |c| query.first(c).await.optional())?;
        Ok(row.map(profile))
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError> {
        let mut wanted: Vec<DbId> = users.iter().map(|user| DbId(user.as_uuid())).collect();
        wanted.sort_unstable_by_key(|id| id.0);
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut lease = self.reader().await?;
        let mut found = Vec::with_capacity(wanted.len());
        for some in wanted.chunks(AT_ONCE) {
            let query = users::table.filter(users::id.eq_any(padded(some.to_vec()))).select((
                users::id,
                users::email,
                users::display_name,
            ));
            let rows: Vec<ProfileRow> = with_connection!(&mut lease, |c| query.load(c).await)?;
            found.extend(rows.into_iter().map(profile));
        }
        Ok(found)
    }

    async fn users_with_mfa(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let wanted: Vec<DbId> = users.iter().map(|user| DbId(user.as_uuid())).collect();
        let mut lease = self.reader().await?;
        let mut found = Vec::new();
        for some in wanted.chunks(AT_ONCE) {
            let query = totp_factors::table
                .filter(totp_factors::user_id.eq_any(padded(some.to_vec())))
                .select(totp_factors::user_id);
            let rows: Vec<DbId> = with_connection!(&mut lease, |c| query.load(c).await)?;
            found.extend(rows.into_iter().map(|id| UserId::from_uuid(id.0)));
            let query = passkeys::table
                .filter(passkeys::user_id.eq_any(padded(some.to_vec())))
                .select(passkeys::user_id)
                .distinct();
            let rows: Vec<DbId> = with_connection!(&mut lease, |c| query.load(c).await)?;
            found.extend(rows.into_iter().map(|id| UserId::from_uuid(id.0)));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}
