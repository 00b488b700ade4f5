//! Storage of the numbers of wrong passwords, in the table `wrong_passwords`.

use async_trait::async_trait;
use diesel::{IntoSql, OptionalExtension, prelude::*, sql_types::Integer};
use tessera_identity::ports::WrongPasswords;
use tessera_kernel::{StoreError, UserId};

use crate::database::engine::{
    connection::with_connection,
    run_query::RunQueryDsl,
    schema::{users, wrong_passwords},
    transaction::Tx,
    types::DbId,
};

#[async_trait]
impl WrongPasswords for Tx {
    async fn count(&mut self, user: UserId) -> Result<Option<u64>, StoreError> {
        // A user who does not exist has no row to insert, but costs the same statement.
        let first = users::table.find(DbId(user.as_uuid())).select((users::id, 1_i32.into_sql::<Integer>()));
        let count = first
            .insert_into(wrong_passwords::table)
            .into_columns((wrong_passwords::user_id, wrong_passwords::attempts))
            .on_conflict(wrong_passwords::user_id)
            .do_update()
            .set(wrong_passwords::attempts.eq(wrong_passwords::attempts + 1))
            .returning(wrong_passwords::attempts);
        let attempts: Option<i32> = with_connection!(&mut self.lease, |c| count.get_result(c).await.optional())?;
        Ok(attempts.map(|attempts| u64::try_from(attempts).unwrap_or_default()))
    }

    async fn reset(&mut self, user: UserId) -> Result<(), StoreError> {
        self.lease.defer(diesel::delete(wrong_passwords::table.find(DbId(user.as_uuid())))).await
    }
}
