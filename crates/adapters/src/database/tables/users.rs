//! Storage of users.

use async_trait::async_trait;
use diesel::{OptionalExtension, QueryDsl, SelectableHelper, prelude::*};
use tessera_identity::{
    model::{Credentials, PasswordHash, User, Wallet},
    ports::Users,
};
use tessera_kernel::{EmailAddress, StoreError, UserId, WalletAddress};
use time::OffsetDateTime;

use super::{
    hash_costs,
    wallets::{WalletRow, of_user},
};
use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    rows::parse_optional,
    run_query::RunQueryDsl,
    schema::{users, wallets},
    transaction::Tx,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = users)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct UserRow {
    id: DbId,
    email: Option<String>,
    email_canonical: Option<String>,
    email_verified: bool,
    display_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    avatar_url: Option<String>,
    password_hash: Option<String>,
    created_at: DbInstant,
    updated_at: DbInstant,
}

impl UserRow {
    fn new(user: &User, password_hash: Option<&PasswordHash>) -> Self {
        Self {
            id: DbId(user.id.as_uuid()),
            email: user.email.as_ref().map(ToString::to_string),
            email_canonical: user.email.as_ref().map(|email| email.canonical().to_owned()),
            email_verified: user.email_verified,
            display_name: user.display_name.as_ref().map(ToString::to_string),
            first_name: user.first_name.as_ref().map(ToString::to_string),
            last_name: user.last_name.as_ref().map(ToString::to_string),
            avatar_url: user.avatar_url.as_ref().map(ToString::to_string),
            password_hash: password_hash.map(|hash| hash.expose().to_owned()),
            created_at: DbInstant(user.created_at),
            updated_at: DbInstant(user.updated_at),
        }
    }
}

impl TryFrom<UserRow> for Credentials {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let user = User {
            id: UserId::from_uuid(row.id.0),
            email: parse_optional("users.email", row.email.as_deref())?,
            email_verified: row.email_verified,
            display_name: parse_optional("users.display_name", row.display_name.as_deref())?,
            first_name: parse_optional("users.first_name", row.first_name.as_deref())?,
            last_name: parse_optional("users.last_name", row.last_name.as_deref())?,
            avatar_url: parse_optional("users.avatar_url", row.avatar_url.as_deref())?,
            wallets: Vec::new(),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        };
        Ok(Self { user, password_hash: row.password_hash.map(PasswordHash::from_phc) })
    }
}

/// Changes of a profile. `None` sets a column to NULL.
#[derive(AsChangeset)]
#[diesel(table_name = users)]
#[diesel(treat_none_as_null = true)]
struct ProfileChangeset {
    display_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    avatar_url: Option<String>,
    updated_at: DbInstant,
}

impl From<&User> for ProfileChangeset {
    fn from(user: &User) -> Self {
        let UserRow { display_name, first_name, last_name, avatar_url, updated_at, .. } = UserRow::new(user, None);
        Self { display_name, first_name, last_name, avatar_url, updated_at }
    }
}

/// A user and one of their wallets. A user with several wallets has several rows.
type JoinedRow = (UserRow, Option<WalletRow>);

/// Reads one user with their wallets, in the order of linking. This is one statement, because each sign-in runs it.
macro_rules! read {
    ($lease:expr, $meant:expr) => {{
        let query = users::table
            .left_join(wallets::table.on(wallets::user_id.eq(users::id)))
            .filter($meant)
            .order((wallets::linked_at, wallets::address));
        let rows: Vec<JoinedRow> = with_connection!($lease, |c| query.select(JoinedRow::as_select()).load(c).await)?;
        joined(rows)
    }};
}

/// Reads and locks one user, then reads their wallets. Every change of wallets takes the same lock.
macro_rules! lock {
    ($lease:expr, $meant:expr) => {{
        let lease: &mut PooledConnection = $lease;
        let query = users::table.filter($meant);
        let row: Option<UserRow> = with_connection!(&mut *lease, |c|
            postgres: query.select(UserRow::as_select()).for_update().first(c).await.optional(),
            sqlite: query.select(UserRow::as_select()).first(c).await.optional())?;
        let Some(row) = row else { return Ok(None) };
        let id = row.id;
        let mut credentials = Credentials::try_from(row)?;
        credentials.user.wallets = of_user(lease, id).await?;
        Ok(Some(credentials))
    }};
}

fn joined(rows: Vec<JoinedRow>) -> Result<Option<Credentials>, StoreError> {
    let mut rows = rows.into_iter();
    let Some((user, first)) = rows.next() else { return Ok(None) };
    let mut credentials = Credentials::try_from(user)?;
    let wallets = first.into_iter().chain(rows.filter_map(|(_, wallet)| wallet));
    credentials.user.wallets = wallets.map(Wallet::try_from).collect::<Result<_, _>>()?;
    Ok(Some(credentials))
}

pub(super) async fn find(lease: &mut PooledConnection, id: UserId) -> Result<Option<User>, StoreError> {
    find_credentials_of(lease, id).await.map(|found| found.map(|credentials| credentials.user))
}

pub(super) async fn find_credentials_of(
    lease: &mut PooledConnection,
    id: UserId,
) -> Result<Option<Credentials>, StoreError> {
    read!(lease, users::id.eq(DbId(id.as_uuid())))
}

pub(super) async fn find_credentials(
    lease: &mut PooledConnection,
    email: &EmailAddress,
) -> Result<Option<Credentials>, StoreError> {
    read!(lease, users::email_canonical.eq(email.canonical()))
}

#[async_trait]
impl Users for Tx {
    async fn insert(&mut self, user: &User, password_hash: Option<&PasswordHash>) -> Result<(), StoreError> {
        let insert = diesel::insert_into(users::table).values(UserRow::new(user, password_hash));
        with_connection!(&mut self.lease, |c| insert.execute(c).await)?;
        self.added = Some(user.id.as_uuid());
        match password_hash {
            Some(hash) => hash_costs::note(&mut self.lease, hash).await,
            None => Ok(()),
        }
    }

    async fn lock(&mut self, id: UserId) -> Result<Option<Credentials>, StoreError> {
        lock!(&mut self.lease, users::id.eq(DbId(id.as_uuid())))
    }

    async fn lock_by_email(&mut self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        lock!(&mut self.lease, users::email_canonical.eq(email.canonical()))
    }

    async fn lock_by_wallet(&mut self, address: &WalletAddress) -> Result<Option<Credentials>, StoreError> {
        let wallet = wallets::table.find((address.namespace().as_str(), address.to_string()));
        lock!(&mut self.lease, users::id.eq_any(wallet.select(wallets::user_id)))
    }

    async fn update_profile(&mut self, user: &User) -> Result<bool, StoreError> {
        self.invalidates(user.id.as_uuid());
        let update = diesel::update(users::table.find(DbId(user.id.as_uuid()))).set(ProfileChangeset::from(user));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn verify_email(&mut self, id: UserId, at: OffsetDateTime) -> Result<bool, StoreError> {
        self.invalidates(id.as_uuid());
        let unproved = users::table
            .find(DbId(id.as_uuid()))
            .filter(users::email.is_not_null())
            .filter(users::email_verified.eq(false));
        let update =
            diesel::update(unproved).set((users::email_verified.eq(true), users::updated_at.eq(DbInstant(at))));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn change_email(&mut self, id: UserId, email: &EmailAddress, at: OffsetDateTime) -> Result<bool, StoreError> {
        self.invalidates(id.as_uuid());
        let update = diesel::update(users::table.find(DbId(id.as_uuid()))).set((
            users::email.eq(email.as_str()),
            users::email_canonical.eq(email.canonical()),
            users::email_verified.eq(true),
            users::updated_at.eq(DbInstant(at)),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn set_password_hash(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError> {
        let update = diesel::update(users::table.find(DbId(id.as_uuid()))).set(users::password_hash.eq(hash.expose()));
        let updated = with_connection!(&mut self.lease, |c| update.execute(c).await)? > 0;
        if updated {
            hash_costs::note(&mut self.lease, hash).await?;
        }
        Ok(updated)
    }
}
