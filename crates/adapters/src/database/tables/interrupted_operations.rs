//! Storage of operations that wait for a second factor.

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use diesel::{OptionalExtension, prelude::*};
use serde::{Deserialize, Serialize};
use tessera_identity::{
    model::{Interrupted, InterruptedOperation, SessionRequest, SignInMethods},
    ports::InterruptedOperations,
};
use tessera_kernel::{SecretHash, StoreError, UserId};

use crate::database::engine::{
    clock::Now,
    connection::{PooledConnection, with_connection},
    rows::{corrupt, from_document, parse, parse_optional, sha256, to_document},
    run_query::RunQueryDsl,
    schema::interrupted_operations as operations,
    transaction::Tx,
    types::{DbDocument, DbId, DbInstant},
};

// A statement can use a table twice only with an alias.
diesel::alias! {
    const NEWEST: Alias<NewestOperations> = operations as newest;
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = operations)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct OperationRow {
    token_hash: Vec<u8>,
    user_id: DbId,
    operation: DbDocument,
    ceremony: Option<String>,
    expires_at: DbInstant,
}

/// The stored form of [`Interrupted`].
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Document {
    SignIn {
        methods: u8,
        refresh: bool,
        device_name: Option<String>,
        device_token: Option<String>,
        wallet: Option<String>,
    },
    Reauthentication {
        session: String,
        methods: u8,
    },
    Application {
        sign_in: String,
        wallet: String,
    },
}

const COLUMN: &str = "interrupted_operations.operation";

impl From<&Interrupted> for Document {
    fn from(operation: &Interrupted) -> Self {
        match operation {
            Interrupted::SignIn { methods, request, device_token, wallet } => Self::SignIn {
                methods: methods.bits(),
                refresh: request.refresh,
                device_name: request.device_name.as_ref().map(ToString::to_string),
                device_token: device_token.map(|hash| HEXLOWER.encode(hash.as_bytes())),
                wallet: wallet.map(|wallet| wallet.to_string()),
            },
            Interrupted::Reauthentication { session, methods } => {
                Self::Reauthentication { session: session.to_string(), methods: methods.bits() }
            }
            Interrupted::Application { sign_in, wallet } => {
                Self::Application { sign_in: sign_in.to_string(), wallet: wallet.to_string() }
            }
        }
    }
}

impl TryFrom<Document> for Interrupted {
    type Error = StoreError;

    fn try_from(document: Document) -> Result<Self, StoreError> {
        let set = |bits| SignInMethods::from_bits(bits).ok_or_else(|| corrupt(COLUMN, "has an unknown method"));
        Ok(match document {
            Document::SignIn { methods, refresh, device_name, device_token, wallet } => Self::SignIn {
                methods: set(methods)?,
                request: SessionRequest {
                    refresh,
                    device_name: parse_optional(COLUMN, device_name.as_deref())?,
                    device_token: None,
                },
                device_token: device_token.map(|text| hash_of(&text)).transpose()?,
                wallet: parse_optional(COLUMN, wallet.as_deref())?,
            },
            Document::Reauthentication { session, methods } => {
                Self::Reauthentication { session: parse(COLUMN, &session)?, methods: set(methods)? }
            }
            Document::Application { sign_in, wallet } => {
                Self::Application { sign_in: parse(COLUMN, &sign_in)?, wallet: parse(COLUMN, &wallet)? }
            }
        })
    }
}

fn hash_of(text: &str) -> Result<SecretHash, StoreError> {
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| corrupt(COLUMN, "has a malformed hash"))?;
    sha256(COLUMN, bytes)
}

impl TryFrom<OperationRow> for InterruptedOperation {
    type Error = StoreError;

    fn try_from(row: OperationRow) -> Result<Self, StoreError> {
        Ok(Self {
            token: sha256("interrupted_operations.token_hash", row.token_hash)?,
            user: UserId::from_uuid(row.user_id.0),
            operation: from_document::<Document>(COLUMN, &row.operation)?.try_into()?,
            ceremony: row.ceremony,
            expires_at: row.expires_at.0,
        })
    }
}

/// Selects an operation that has not expired and has attempts left.
#[diesel::dsl::auto_type]
fn open(token: Vec<u8>) -> _ {
    let most: i32 = InterruptedOperation::ATTEMPTS.into();
    operations::table
        .filter(operations::token_hash.eq(token))
        .filter(operations::expires_at.gt(Now))
        .filter(operations::attempts.lt(most))
}

pub(super) async fn find(
    lease: &mut PooledConnection,
    token: &SecretHash,
) -> Result<Option<InterruptedOperation>, StoreError> {
    let query = open(token.as_bytes().to_vec());
    let row: Option<OperationRow> =
        with_connection!(lease, |c| query.select(OperationRow::as_select()).first(c).await.optional())?;
    row.map(InterruptedOperation::try_from).transpose()
}

pub(super) async fn count_attempt(lease: &mut PooledConnection, token: &SecretHash) -> Result<bool, StoreError> {
    let update = diesel::update(open(token.as_bytes().to_vec())).set(operations::attempts.eq(operations::attempts + 1));
    with_connection!(lease, |c| update.execute(c).await).map(|rows| rows > 0)
}

pub(super) async fn set_ceremony(
    lease: &mut PooledConnection,
    token: &SecretHash,
    ceremony: &str,
) -> Result<(), StoreError> {
    let row = operations::table.find(token.as_bytes().to_vec());
    let update = diesel::update(row).set(operations::ceremony.eq(Some(ceremony)));
    with_connection!(lease, |c| update.execute(c).await).map(|_| ())
}

#[async_trait]
impl InterruptedOperations for Tx {
    async fn insert(&mut self, operation: &InterruptedOperation) -> Result<(), StoreError> {
        let row = OperationRow {
            token_hash: operation.token.as_bytes().to_vec(),
            user_id: DbId(operation.user.as_uuid()),
            operation: to_document(&Document::from(&operation.operation))?,
            ceremony: operation.ceremony.clone(),
            expires_at: DbInstant(operation.expires_at),
        };
        let insert = diesel::insert_into(operations::table).values(row);
        with_connection!(&mut self.lease, |c| insert.execute(c).await)?;
        let user = DbId(operation.user.as_uuid());
        let newest = NEWEST
            .filter(NEWEST.field(operations::user_id).eq(user))
            .order((NEWEST.field(operations::expires_at).desc(), NEWEST.field(operations::token_hash)))
            .limit(InterruptedOperation::MOST_OPEN.into())
            .select(NEWEST.field(operations::token_hash));
        let others =
            operations::table.filter(operations::user_id.eq(user)).filter(operations::token_hash.ne_all(newest));
        with_connection!(&mut self.lease, |c| diesel::delete(others).execute(c).await).map(|_| ())
    }

    async fn take(&mut self, token: &SecretHash) -> Result<bool, StoreError> {
        let delete = diesel::delete(operations::table.find(token.as_bytes().to_vec()));
        with_connection!(&mut self.lease, |c| delete.execute(c).await).map(|rows| rows > 0)
    }

    async fn withdraw_all(&mut self, user: UserId) -> Result<(), StoreError> {
        let delete = diesel::delete(operations::table.filter(operations::user_id.eq(DbId(user.as_uuid()))));
        self.lease.defer(delete).await
    }
}
