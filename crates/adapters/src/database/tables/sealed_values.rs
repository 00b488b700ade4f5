//! All values that the master key seals, whatever table they are in.

use diesel::prelude::*;
use tessera_kernel::{Entropy, Event, StoreError, Transaction as _};
use uuid::Uuid;

use crate::{
    crypto::{MasterKey, sealed_names},
    database::engine::{
        SqlStore,
        connection::{PooledConnection, with_connection},
        run_query::RunQueryDsl,
        schema::{mails, secrets, signing_keys, totp_enrollments, totp_factors},
        types::DbId,
    },
};

/// How many values one statement reads.
const PAGE: i64 = 200;

/// A column of values that the master key seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedColumn {
    /// Secrets that all nodes share.
    Secrets,
    /// Private keys of service tokens.
    SigningKeys,
    /// Secrets of authenticator apps that are not confirmed yet. They become those of [`Self::TotpFactors`], so they come
    /// first.
    TotpEnrollments,
    /// Secrets of authenticator apps.
    TotpFactors,
    /// Mails that wait.
    Mails,
}

impl SealedColumn {
    /// All of them, in the order in which they are sealed again.
    pub const ALL: [Self; 5] =
        [Self::Secrets, Self::SigningKeys, Self::TotpEnrollments, Self::TotpFactors, Self::Mails];

    /// The table and the column.
    #[must_use]
    pub const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Secrets => ("secrets", "sealed"),
            Self::SigningKeys => ("signing_keys", "sealed"),
            Self::TotpEnrollments => ("totp_enrollments", "sealed"),
            Self::TotpFactors => ("totp_factors", "sealed"),
            Self::Mails => ("mails", "sealed"),
        }
    }
}

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RowKey {
    Text(String),
    Id(Uuid),
}

/// A sealed value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue {
    column: SealedColumn,
    key: RowKey,
    sealed: Vec<u8>,
}

impl SealedValue {
    /// The name under which it is sealed.
    #[must_use]
    pub fn name(&self) -> String {
        match (self.column, &self.key) {
            (SealedColumn::SigningKeys, RowKey::Text(kid)) => sealed_names::service_token_key(kid),
            (SealedColumn::TotpEnrollments | SealedColumn::TotpFactors, RowKey::Id(user)) => sealed_names::totp(user),
            (SealedColumn::Mails, RowKey::Id(id)) => sealed_names::mail(id),
            (_, RowKey::Text(name)) => name.clone(),
            (_, RowKey::Id(id)) => id.to_string(),
        }
    }

    /// The sealed bytes.
    #[must_use]
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }
}

/// Reads the values after a key of a table.
macro_rules! page {
    ($lease:expr, $table:ident, $key:ident, $after:expr) => {{
        let query = $table::table
            .filter($table::$key.gt($after))
            .order($table::$key)
            .limit(PAGE)
            .select(($table::$key, $table::sealed));
        with_connection!($lease, |c| query.load(c).await)?
    }};
}

/// Replaces a value unless it has changed meanwhile.
macro_rules! replace {
    ($lease:expr, $table:ident, $key:expr, $old:expr, $new:expr) => {{
        let unchanged = $table::table.find($key).filter($table::sealed.eq($old));
        let update = diesel::update(unchanged).set($table::sealed.eq($new));
        with_connection!($lease, |c| update.execute(c).await)? > 0
    }};
}

/// Returns the next values of a column, in the order of their keys. There are none after the last one.
pub(in crate::database) async fn list(
    lease: &mut PooledConnection,
    column: SealedColumn,
    after: Option<&SealedValue>,
) -> Result<Vec<SealedValue>, StoreError> {
    // No key equals the empty text or the nil UUID, or sorts before it.
    let (text, id) = match after.map(|value| &value.key) {
        Some(RowKey::Text(text)) => (text.clone(), DbId(Uuid::nil())),
        Some(RowKey::Id(id)) => (String::new(), DbId(*id)),
        None => (String::new(), DbId(Uuid::nil())),
    };
    let by_text = |rows: Vec<(String, Vec<u8>)>| -> Vec<SealedValue> {
        rows.into_iter().map(|(key, sealed)| SealedValue { column, key: RowKey::Text(key), sealed }).collect()
    };
    let by_id = |rows: Vec<(DbId, Vec<u8>)>| -> Vec<SealedValue> {
        rows.into_iter().map(|(key, sealed)| SealedValue { column, key: RowKey::Id(key.0), sealed }).collect()
    };
    Ok(match column {
        SealedColumn::Secrets => by_text(page!(lease, secrets, name, text)),
        SealedColumn::SigningKeys => by_text(page!(lease, signing_keys, kid, text)),
        SealedColumn::TotpEnrollments => by_id(page!(lease, totp_enrollments, user_id, id)),
        SealedColumn::TotpFactors => by_id(page!(lease, totp_factors, user_id, id)),
        SealedColumn::Mails => {
            // The content of a mail is erased when it is delivered.
            let query = mails::table
                .filter(mails::id.gt(id))
                .filter(mails::sealed.is_not_null())
                .order(mails::id)
                .limit(PAGE)
                .select((mails::id, mails::sealed.assume_not_null()));
            by_id(with_connection!(lease, |c| query.load(c).await)?)
        }
    })
}

/// Returns `false` if the value has changed or is gone.
async fn replace(lease: &mut PooledConnection, value: &SealedValue, new: Vec<u8>) -> Result<bool, StoreError> {
    let old = value.sealed.clone();
    Ok(match (value.column, &value.key) {
        (SealedColumn::Secrets, RowKey::Text(name)) => replace!(lease, secrets, name.clone(), old, new),
        (SealedColumn::SigningKeys, RowKey::Text(kid)) => replace!(lease, signing_keys, kid.clone(), old, new),
        (SealedColumn::TotpEnrollments, RowKey::Id(user)) => replace!(lease, totp_enrollments, DbId(*user), old, new),
        (SealedColumn::TotpFactors, RowKey::Id(user)) => replace!(lease, totp_factors, DbId(*user), old, new),
        (SealedColumn::Mails, RowKey::Id(id)) => replace!(lease, mails, DbId(*id), old, Some(new)),
        _ => false,
    })
}

/// What one pass over all values has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResealPass {
    /// Values that are now sealed with the key that encrypts.
    pub replaced: u64,
    /// Values that another process has changed at the same moment. The next pass reads them again.
    pub changed: u64,
    /// Values that no key opens.
    pub unreadable: u64,
}

impl ResealPass {
    /// Whether there was nothing left to do.
    #[must_use]
    pub const fn is_last(self) -> bool {
        self.replaced == 0 && self.changed == 0
    }
}

impl SqlStore {
    /// Returns the next sealed values of a column, in the order of their keys. There are none after the last one.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn list_sealed(
        &self,
        column: SealedColumn,
        after: Option<&SealedValue>,
    ) -> Result<Vec<SealedValue>, StoreError> {
        list(&mut self.reader().await?, column, after).await
    }

    /// Seals all values again that are not sealed with the key that encrypts. Each is replaced in one statement, which
    /// changes nothing if the value has changed meanwhile. So nodes may serve, and the next call continues after a failure.
    /// `report` gets the number of replaced values.
    ///
    /// # Errors
    /// Fails like any write.
    pub async fn reseal(
        &self,
        key: &MasterKey,
        entropy: &dyn Entropy,
        mut report: impl FnMut(u64) + Send,
    ) -> Result<ResealPass, StoreError> {
        let mut pass = ResealPass::default();
        for column in SealedColumn::ALL {
            let mut values = self.list_sealed(column, None).await?;
            while let Some(last) = values.last().cloned() {
                for value in &values {
                    let Some(new) = pass.sealed_again(value, key, entropy) else { continue };
                    // A connection for each value: SQLite has one writer, which requests wait for.
                    let replaced = replace(&mut self.writer().await?, value, new).await?;
                    pass.note(replaced);
                    report(pass.replaced);
                }
                values = self.list_sealed(column, Some(&last)).await?;
            }
        }
        Ok(pass)
    }

    /// Does what [`Self::reseal`] does in one transaction, with its audit entry: afterwards all values have the same key, or
    /// nothing has changed. For a database that no process serves. A value that no key opens changes nothing, because it
    /// would be lost with the key of the others.
    ///
    /// # Errors
    /// Fails like any write.
    pub async fn reseal_at_once(
        &self,
        key: &MasterKey,
        entropy: &dyn Entropy,
        mut report: impl FnMut(u64) + Send,
        event: impl FnOnce(ResealPass) -> Event + Send,
    ) -> Result<ResealPass, StoreError> {
        let mut pass = ResealPass::default();
        let mut tx = self.transaction().await?;
        tx.lease.without_total_limit();
        for column in SealedColumn::ALL {
            let mut values = list(&mut tx.lease, column, None).await?;
            while let Some(last) = values.last().cloned() {
                for value in &values {
                    let Some(new) = pass.sealed_again(value, key, entropy) else { continue };
                    let replaced = replace(&mut tx.lease, value, new).await?;
                    pass.note(replaced);
                    report(pass.replaced);
                }
                values = list(&mut tx.lease, column, Some(&last)).await?;
            }
        }
        if pass.unreadable == 0 && pass.replaced > 0 {
            tx.events().append(&event(pass)).await?;
            tx.lease.commit().await?;
        }
        Ok(pass)
    }
}

impl ResealPass {
    /// The value under the key that encrypts. `None` if it has that key already, or no key opens it.
    fn sealed_again(&mut self, value: &SealedValue, key: &MasterKey, entropy: &dyn Entropy) -> Option<Vec<u8>> {
        if key.has_sealed(&value.sealed) {
            return None;
        }
        let new = key.reseal(&value.name(), &value.sealed, entropy).ok();
        self.unreadable += u64::from(new.is_none());
        new
    }

    fn note(&mut self, replaced: bool) {
        self.replaced += u64::from(replaced);
        self.changed += u64::from(!replaced);
    }
}
