//! Storage of second factors, in the tables `totp_factors`, `totp_enrollments` and `recovery_codes`.

use async_trait::async_trait;
use diesel::{OptionalExtension, dsl::exists, prelude::*, upsert::excluded};
use tessera_identity::{
    model::{EnrolledFactors, FactorStatus, InterruptedOperation, SealedTotpSecret, TotpEnrollment, TotpFactor},
    ports::{FactorRows, Factors},
};
use tessera_kernel::{OrganizationId, SecretHash, StoreError, UserId};

use super::{interrupted_operations, memberships::existing};
use crate::database::engine::{
    SqlStore,
    clock::Now,
    connection::{PooledConnection, with_connection},
    rows::count,
    run_query::RunQueryDsl,
    schema::{memberships, organizations, passkeys, recovery_codes, totp_enrollments, totp_factors},
    transaction::Tx,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = totp_factors)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct TotpRow {
    user_id: DbId,
    sealed: Vec<u8>,
    last_step: i64,
    created_at: DbInstant,
}

impl From<&TotpFactor> for TotpRow {
    fn from(factor: &TotpFactor) -> Self {
        Self {
            user_id: DbId(factor.user.as_uuid()),
            sealed: factor.sealed.as_bytes().to_vec(),
            last_step: factor.last_step,
            created_at: DbInstant(factor.created_at),
        }
    }
}

impl From<TotpRow> for TotpFactor {
    fn from(row: TotpRow) -> Self {
        Self {
            user: UserId::from_uuid(row.user_id.0),
            sealed: SealedTotpSecret::new(row.sealed),
            last_step: row.last_step,
            created_at: row.created_at.0,
        }
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = totp_enrollments)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct EnrollmentRow {
    user_id: DbId,
    sealed: Vec<u8>,
    expires_at: DbInstant,
}

impl From<&TotpEnrollment> for EnrollmentRow {
    fn from(enrollment: &TotpEnrollment) -> Self {
        Self {
            user_id: DbId(enrollment.user.as_uuid()),
            sealed: enrollment.sealed.as_bytes().to_vec(),
            expires_at: DbInstant(enrollment.expires_at),
        }
    }
}

impl From<EnrollmentRow> for TotpEnrollment {
    fn from(row: EnrollmentRow) -> Self {
        Self {
            user: UserId::from_uuid(row.user_id.0),
            sealed: SealedTotpSecret::new(row.sealed),
            expires_at: row.expires_at.0,
        }
    }
}

/// One statement, because every sign-in runs it.
async fn enrolled(lease: &mut PooledConnection, user: UserId) -> Result<EnrolledFactors, StoreError> {
    let user = DbId(user.as_uuid());
    let codes = recovery_codes::table.filter(recovery_codes::user_id.eq(user)).count().single_value();
    let keys = passkeys::table.filter(passkeys::user_id.eq(user)).count().single_value();
    let query = diesel::select((exists(totp_factors::table.find(user)), keys, codes));
    let (totp, keys, codes): (bool, Option<i64>, Option<i64>) = with_connection!(lease, |c| query.get_result(c).await)?;
    let passkeys = count("passkeys", keys.unwrap_or_default())?;
    let recovery_codes = count("recovery_codes", codes.unwrap_or_default())?;
    Ok(EnrolledFactors { totp, passkeys, recovery_codes })
}

#[async_trait]
impl Factors for SqlStore {
    async fn find_totp(&self, user: UserId) -> Result<Option<TotpFactor>, StoreError> {
        let mut lease = self.reader().await?;
        let query = totp_factors::table.find(DbId(user.as_uuid()));
        let row: Option<TotpRow> =
            with_connection!(&mut lease, |c| query.select(TotpRow::as_select()).first(c).await.optional())?;
        Ok(row.map(TotpFactor::from))
    }

    async fn find_totp_enrollment(&self, user: UserId) -> Result<Option<TotpEnrollment>, StoreError> {
        let mut lease = self.reader().await?;
        let query = totp_enrollments::table.find(DbId(user.as_uuid())).filter(totp_enrollments::expires_at.gt(Now));
        let row: Option<EnrollmentRow> =
            with_connection!(&mut lease, |c| query.select(EnrollmentRow::as_select()).first(c).await.optional())?;
        Ok(row.map(TotpEnrollment::from))
    }

    async fn factor_status(&self, user: UserId) -> Result<FactorStatus, StoreError> {
        let mut lease = self.reader().await?;
        let EnrolledFactors { passkeys, recovery_codes, .. } = enrolled(&mut lease, user).await?;
        let user = DbId(user.as_uuid());
        let query = totp_factors::table.find(user).select(totp_factors::created_at);
        let totp: Option<DbInstant> = with_connection!(&mut lease, |c| query.first(c).await.optional())?;
        let query = existing()
            .filter(memberships::user_id.eq(user))
            .filter(organizations::mfa_required.eq(true))
            .order(memberships::organization_id)
            .select(memberships::organization_id);
        let required_by: Vec<DbId> = with_connection!(&mut lease, |c| query.load(c).await)?;
        Ok(FactorStatus {
            totp: totp.map(|at| at.0),
            passkeys,
            recovery_codes_left: recovery_codes,
            required_by: required_by.into_iter().map(|id| OrganizationId::from_uuid(id.0)).collect(),
        })
    }

    async fn find_interrupted(&self, token: &SecretHash) -> Result<Option<InterruptedOperation>, StoreError> {
        interrupted_operations::find(&mut self.reader().await?, token).await
    }

    async fn count_attempt(&self, token: &SecretHash) -> Result<bool, StoreError> {
        interrupted_operations::count_attempt(&mut self.writer().await?, token).await
    }

    async fn set_ceremony(&self, token: &SecretHash, ceremony: &str) -> Result<(), StoreError> {
        interrupted_operations::set_ceremony(&mut self.writer().await?, token, ceremony).await
    }
}

#[async_trait]
impl FactorRows for Tx {
    async fn enrolled(&mut self, user: UserId) -> Result<EnrolledFactors, StoreError> {
        enrolled(&mut self.lease, user).await
    }

    async fn put_totp_enrollment(&mut self, enrollment: &TotpEnrollment) -> Result<(), StoreError> {
        let upsert = diesel::insert_into(totp_enrollments::table)
            .values(EnrollmentRow::from(enrollment))
            .on_conflict(totp_enrollments::user_id)
            .do_update()
            .set((
                totp_enrollments::sealed.eq(excluded(totp_enrollments::sealed)),
                totp_enrollments::expires_at.eq(excluded(totp_enrollments::expires_at)),
            ));
        with_connection!(&mut self.lease, |c| upsert.execute(c).await).map(|_| ())
    }

    async fn take_totp_enrollment(&mut self, enrollment: &TotpEnrollment) -> Result<bool, StoreError> {
        let open = totp_enrollments::table
            .find(DbId(enrollment.user.as_uuid()))
            .filter(totp_enrollments::sealed.eq(enrollment.sealed.as_bytes().to_vec()))
            .filter(totp_enrollments::expires_at.gt(Now));
        with_connection!(&mut self.lease, |c| diesel::delete(open).execute(c).await).map(|rows| rows > 0)
    }

    async fn insert_totp(&mut self, factor: &TotpFactor) -> Result<(), StoreError> {
        let insert = diesel::insert_into(totp_factors::table).values(TotpRow::from(factor));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn delete_totp(&mut self, user: UserId) -> Result<bool, StoreError> {
        let delete = diesel::delete(totp_factors::table.find(DbId(user.as_uuid())));
        with_connection!(&mut self.lease, |c| delete.execute(c).await).map(|rows| rows > 0)
    }

    async fn accept_step(&mut self, factor: &TotpFactor, step: i64) -> Result<bool, StoreError> {
        let earlier = totp_factors::table
            .find(DbId(factor.user.as_uuid()))
            // Not its sealed bytes, which a rotation of the master key changes.
            .filter(totp_factors::created_at.eq(DbInstant(factor.created_at)))
            .filter(totp_factors::last_step.lt(step));
        let update = diesel::update(earlier).set(totp_factors::last_step.eq(step));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn replace_recovery_codes(&mut self, user: UserId, codes: &[SecretHash]) -> Result<(), StoreError> {
        let user = DbId(user.as_uuid());
        let delete = diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user)));
        with_connection!(&mut self.lease, |c| delete.execute(c).await)?;
        for code in codes {
            let insert = diesel::insert_into(recovery_codes::table)
                .values((recovery_codes::user_id.eq(user), recovery_codes::code_hash.eq(code.as_bytes().to_vec())));
            self.lease.defer(insert).await?;
        }
        Ok(())
    }

    async fn take_recovery_code(&mut self, user: UserId, code: &SecretHash) -> Result<Option<u64>, StoreError> {
        let user = DbId(user.as_uuid());
        let delete = diesel::delete(recovery_codes::table.find((user, code.as_bytes().to_vec())));
        if with_connection!(&mut self.lease, |c| delete.execute(c).await)? == 0 {
            return Ok(None);
        }
        let left = recovery_codes::table.filter(recovery_codes::user_id.eq(user)).count();
        let left: i64 = with_connection!(&mut self.lease, |c| left.get_result(c).await)?;
        count("recovery_codes", left).map(Some)
    }
}
