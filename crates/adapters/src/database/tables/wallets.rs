//! Storage of wallets.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_identity::{model::Wallet, ports::Wallets};
use tessera_kernel::{StoreError, UserId, WalletAddress};

use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    rows::parse,
    run_query::RunQueryDsl,
    schema::wallets,
    transaction::Tx,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = wallets)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(super) struct WalletRow {
    namespace: String,
    address: String,
    account: String,
    user_id: DbId,
    linked_at: DbInstant,
}

impl WalletRow {
    fn new(user: UserId, wallet: &Wallet) -> Self {
        let address = wallet.account.address();
        Self {
            namespace: address.namespace().as_str().to_owned(),
            address: address.to_string(),
            account: wallet.account.to_string(),
            user_id: DbId(user.as_uuid()),
            linked_at: DbInstant(wallet.linked_at),
        }
    }
}

impl TryFrom<WalletRow> for Wallet {
    type Error = StoreError;

    fn try_from(row: WalletRow) -> Result<Self, StoreError> {
        Ok(Self { account: parse("wallets.account", &row.account)?, linked_at: row.linked_at.0 })
    }
}

/// Returns the wallets of a user, in the order of linking.
pub(super) async fn of_user(lease: &mut PooledConnection, user: DbId) -> Result<Vec<Wallet>, StoreError> {
    let query = wallets::table.filter(wallets::user_id.eq(user)).order((wallets::linked_at, wallets::address));
    let rows: Vec<WalletRow> = with_connection!(lease, |c| query.select(WalletRow::as_select()).load(c).await)?;
    rows.into_iter().map(Wallet::try_from).collect()
}

#[async_trait]
impl Wallets for Tx {
    async fn insert(&mut self, user: UserId, wallet: &Wallet) -> Result<(), StoreError> {
        self.invalidates(user.as_uuid());
        let insert = diesel::insert_into(wallets::table).values(WalletRow::new(user, wallet));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn find_holder(&mut self, address: &WalletAddress) -> Result<Option<UserId>, StoreError> {
        let query = wallets::table.find((address.namespace().as_str(), address.to_string())).select(wallets::user_id);
        let holder: Option<DbId> = with_connection!(&mut self.lease, |c| query.first(c).await.optional())?;
        Ok(holder.map(|id| UserId::from_uuid(id.0)))
    }

    async fn delete(&mut self, user: UserId, address: &WalletAddress) -> Result<bool, StoreError> {
        self.invalidates(user.as_uuid());
        let wallet = wallets::table.find((address.namespace().as_str(), address.to_string()));
        let delete = diesel::delete(wallet.filter(wallets::user_id.eq(DbId(user.as_uuid()))));
        with_connection!(&mut self.lease, |c| delete.execute(c).await).map(|rows| rows > 0)
    }
}
