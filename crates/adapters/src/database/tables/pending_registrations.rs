//! Storage of pending registrations, and the port that reads what waits for the verification of an address.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_identity::{
    model::{EmailChange, EmailProof, PasswordHash, PendingRegistration, User, WRONG_CODES},
    ports::{EmailVerifications, PendingRegistrations},
};
use tessera_kernel::{EmailAddress, SecretHash, StoreError, UserId};

use super::email_proofs;
use crate::database::engine::{
    SqlStore,
    clock::Now,
    connection::with_connection,
    rows::{affected, parse, parse_optional, sha256},
    run_query::RunQueryDsl,
    schema::pending_registrations as pending,
    transaction::Tx,
    types::{DbId, DbInstant},
};

// A statement can use a table twice only with an alias.
diesel::alias! {
    const SAME: Alias<SameAddress> = pending as same_address;
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = pending)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct RegistrationRow {
    id: DbId,
    email: String,
    email_canonical: String,
    display_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    password_hash: String,
    secret_hash: Vec<u8>,
    token_hash: Vec<u8>,
    code_hash: Vec<u8>,
    created_at: DbInstant,
    expires_at: DbInstant,
}

impl From<&PendingRegistration> for RegistrationRow {
    fn from(registration: &PendingRegistration) -> Self {
        let user = &registration.user;
        Self {
            id: DbId(user.id.as_uuid()),
            email: user.email.as_ref().map(ToString::to_string).unwrap_or_default(),
            email_canonical: user.email.as_ref().map(|email| email.canonical().to_owned()).unwrap_or_default(),
            display_name: user.display_name.as_ref().map(ToString::to_string),
            first_name: user.first_name.as_ref().map(ToString::to_string),
            last_name: user.last_name.as_ref().map(ToString::to_string),
            password_hash: registration.password_hash.expose().to_owned(),
            secret_hash: registration.secret.as_bytes().to_vec(),
            token_hash: registration.token.as_bytes().to_vec(),
            code_hash: registration.code.as_bytes().to_vec(),
            created_at: DbInstant(user.created_at),
            expires_at: DbInstant(registration.expires_at),
        }
    }
}

impl TryFrom<RegistrationRow> for PendingRegistration {
    type Error = StoreError;

    fn try_from(row: RegistrationRow) -> Result<Self, StoreError> {
        let user = User {
            id: UserId::from_uuid(row.id.0),
            email: Some(parse("pending_registrations.email", &row.email)?),
            email_verified: false,
            display_name: parse_optional("pending_registrations.display_name", row.display_name.as_deref())?,
            first_name: parse_optional("pending_registrations.first_name", row.first_name.as_deref())?,
            last_name: parse_optional("pending_registrations.last_name", row.last_name.as_deref())?,
            avatar_url: None,
            wallets: Vec::new(),
            created_at: row.created_at.0,
            updated_at: row.created_at.0,
        };
        Ok(Self {
            user,
            password_hash: PasswordHash::from_phc(row.password_hash),
            secret: sha256("pending_registrations.secret_hash", row.secret_hash)?,
            token: sha256("pending_registrations.token_hash", row.token_hash)?,
            code: sha256("pending_registrations.code_hash", row.code_hash)?,
            expires_at: row.expires_at.0,
        })
    }
}

/// Finds the registration that has not expired and meets a condition.
macro_rules! find {
    ($store:expr, $meant:expr) => {{
        let mut lease = $store.reader().await?;
        let query = pending::table.filter($meant).filter(pending::expires_at.gt(Now));
        let row: Option<RegistrationRow> =
            with_connection!(&mut lease, |c| query.select(RegistrationRow::as_select()).first(c).await.optional())?;
        row.map(PendingRegistration::try_from).transpose()
    }};
}

/// Removes and returns the registration that has not expired and meets a condition.
macro_rules! take {
    ($tx:expr, $meant:expr) => {{
        let open = pending::table.filter($meant).filter(pending::expires_at.gt(Now));
        let row: Option<RegistrationRow> = with_connection!(&mut $tx.lease, |c| diesel::delete(open)
            .returning(RegistrationRow::as_returning())
            .get_result(c)
            .await
            .optional())?;
        row.map(PendingRegistration::try_from).transpose()
    }};
}

#[async_trait]
impl EmailVerifications for SqlStore {
    async fn find_proof(&self, token: &SecretHash) -> Result<Option<EmailProof>, StoreError> {
        email_proofs::find(self, token).await
    }

    async fn find_change(&self, user: UserId) -> Result<Option<EmailChange>, StoreError> {
        email_proofs::find_change(self, user).await
    }

    async fn find_registration(&self, token: &SecretHash) -> Result<Option<PendingRegistration>, StoreError> {
        find!(self, pending::token_hash.eq(token.as_bytes().as_slice()))
    }

    async fn find_own_registration(&self, secret: &SecretHash) -> Result<Option<PendingRegistration>, StoreError> {
        find!(self, pending::secret_hash.eq(secret.as_bytes().as_slice()))
    }
}

#[async_trait]
impl PendingRegistrations for Tx {
    async fn insert(&mut self, registration: &PendingRegistration) -> Result<(), StoreError> {
        let insert = diesel::insert_into(pending::table).values(RegistrationRow::from(registration));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn take_by_token(&mut self, token: &SecretHash) -> Result<Option<PendingRegistration>, StoreError> {
        take!(self, pending::token_hash.eq(token.as_bytes().as_slice()))
    }

    async fn take_by_code(
        &mut self,
        secret: &SecretHash,
        code: &SecretHash,
    ) -> Result<Option<PendingRegistration>, StoreError> {
        let by_secret = pending::secret_hash.eq(secret.as_bytes().as_slice());
        take!(self, by_secret.and(pending::code_hash.eq(code.as_bytes().as_slice())))
    }

    async fn count_wrong_code(&mut self, secret: &SecretHash) -> Result<bool, StoreError> {
        let secret = secret.as_bytes().as_slice();
        let count = diesel::update(pending::table.filter(pending::secret_hash.eq(secret)))
            .set(pending::wrong_codes.eq(pending::wrong_codes + 1));
        if with_connection!(&mut self.lease, |c| count.execute(c).await)? == 0 {
            return Ok(false);
        }
        let spent = pending::table.filter(pending::secret_hash.eq(secret)).filter(pending::wrong_codes.ge(WRONG_CODES));
        with_connection!(&mut self.lease, |c| diesel::delete(spent).execute(c).await)?;
        Ok(true)
    }

    async fn renew(&mut self, renewed: &PendingRegistration) -> Result<bool, StoreError> {
        let open = pending::table
            .filter(pending::secret_hash.eq(renewed.secret.as_bytes().as_slice()))
            .filter(pending::expires_at.gt(Now));
        let update = diesel::update(open).set((
            pending::token_hash.eq(renewed.token.as_bytes().as_slice()),
            pending::code_hash.eq(renewed.code.as_bytes().as_slice()),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn delete_of(&mut self, email: &EmailAddress) -> Result<u64, StoreError> {
        let same =
            SAME.filter(SAME.field(pending::email_canonical).eq(email.canonical())).select(SAME.field(pending::id));
        with_connection!(&mut self.lease, |c|
            // Locked rows are skipped: two requests that wait for each other's registrations would deadlock.
            postgres: diesel::delete(pending::table)
                .filter(pending::id.eq_any(same.for_update().skip_locked())).execute(c).await,
            sqlite: diesel::delete(pending::table).filter(pending::id.eq_any(same)).execute(c).await)
        .map(affected)
    }
}
