//! Storage of the outbox: mails and notice counts.

use async_trait::async_trait;
use diesel::{OptionalExtension, dsl::case_when, prelude::*, upsert::excluded};
use tessera_kernel::{MailId, StoreError};
use tessera_outbox::{MailQueue, MailRefusal, MessageKind, Notice, Outbox, RefusedMail, SealedMail, TakenMail};
use time::{Duration, OffsetDateTime};

use crate::database::engine::{
    SqlStore,
    connection::with_connection,
    rows::{affected, corrupt, padded, parse},
    run_query::RunQueryDsl,
    schema::{mails, notice_counts},
    transaction::Tx,
    types::{DbId, DbInstant},
};

// A statement that uses a table twice requires an alias.
diesel::alias! {
    const WAITING: Alias<Waiting> = mails as waiting;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = mails)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct MailRow {
    id: DbId,
    recipient: String,
    sealed: Option<Vec<u8>>,
    attempts: i32,
    created_at: DbInstant,
    expires_at: DbInstant,
}

impl TryFrom<MailRow> for TakenMail {
    type Error = StoreError;

    fn try_from(row: MailRow) -> Result<Self, StoreError> {
        let mail = SealedMail {
            id: MailId::from_uuid(row.id.0),
            recipient: parse("mails.recipient", &row.recipient)?,
            sealed: row.sealed.ok_or_else(|| corrupt("mails.sealed", "is gone"))?,
            created_at: row.created_at.0,
            expires_at: row.expires_at.0,
        };
        let attempt = row.attempts.try_into().map_err(|fault| corrupt("mails.attempts", fault))?;
        Ok(Self { mail, attempt })
    }
}

/// Selects a mail that is neither delivered nor refused, and that no node has taken since that attempt.
#[diesel::dsl::auto_type]
fn taken(id: MailId, attempt: i32) -> _ {
    let key: DbId = DbId(id.as_uuid());
    mails::table
        .find(key)
        .filter(mails::delivered_at.is_null())
        .filter(mails::refused_at.is_null())
        .filter(mails::attempts.eq(attempt))
}

#[async_trait]
impl Outbox for Tx {
    async fn add(&mut self, mail: &SealedMail) -> Result<(), StoreError> {
        let insert = diesel::insert_into(mails::table).values((
            mails::id.eq(DbId(mail.id.as_uuid())),
            mails::kind.eq(MessageKind::Mail.as_str()),
            mails::recipient.eq(mail.recipient.as_str().to_owned()),
            mails::sealed.eq(mail.sealed.clone()),
            mails::attempts.eq(0),
            mails::due_at.eq(DbInstant(mail.created_at)),
            mails::created_at.eq(DbInstant(mail.created_at)),
            mails::expires_at.eq(DbInstant(mail.expires_at)),
        ));
        self.lease.defer(insert).await
    }

    async fn cancel(&mut self, mails: &[MailId]) -> Result<u64, StoreError> {
        if mails.is_empty() {
            return Ok(0);
        }
        let ids = padded(mails.iter().map(|id| DbId(id.as_uuid())).collect());
        let waiting = mails::table
            .filter(mails::id.eq_any(ids))
            .filter(mails::delivered_at.is_null())
            .filter(mails::refused_at.is_null());
        with_connection!(&mut self.lease, |c| diesel::delete(waiting).execute(c).await).map(affected)
    }

    async fn count_notice(&mut self, notice: Notice<'_>, window: Duration) -> Result<u32, StoreError> {
        let first = (
            notice_counts::topic.eq(notice.topic.as_str()),
            notice_counts::email_canonical.eq(notice.to.canonical()),
            notice_counts::started_at.eq(DbInstant(notice.at)),
            notice_counts::notices.eq(1),
        );
        let over = || notice_counts::started_at.le(DbInstant(notice.at - window));
        let count = diesel::insert_into(notice_counts::table)
            .values(first)
            .on_conflict((notice_counts::topic, notice_counts::email_canonical))
            .do_update()
            .set((
                notice_counts::notices
                    .eq(case_when(over(), excluded(notice_counts::notices)).otherwise(notice_counts::notices + 1)),
                notice_counts::started_at
                    .eq(case_when(over(), excluded(notice_counts::started_at)).otherwise(notice_counts::started_at)),
            ))
            .returning(notice_counts::notices);
        let notices: i32 = with_connection!(&mut self.lease, |c| count.get_result(c).await)?;
        notices.try_into().map_err(|fault| corrupt("notice_counts.notices", fault))
    }
}

#[async_trait]
impl MailQueue for SqlStore {
    async fn take(&self, now: OffsetDateTime, until: OffsetDateTime, most: u16) -> Result<Vec<TakenMail>, StoreError> {
        let mut lease = self.writer().await?;
        let due = WAITING
            .filter(WAITING.field(mails::sealed).is_not_null())
            .filter(WAITING.field(mails::kind).eq(MessageKind::Mail.as_str()))
            .filter(WAITING.field(mails::due_at).le(DbInstant(now)))
            .filter(WAITING.field(mails::expires_at).gt(DbInstant(now)))
            .order((WAITING.field(mails::due_at), WAITING.field(mails::id)))
            .limit(most.into())
            .select(WAITING.field(mails::id));
        let leased = (mails::due_at.eq(DbInstant(until)), mails::attempts.eq(mails::attempts + 1));
        let mut rows: Vec<MailRow> = with_connection!(&mut lease, |c|
            // Rows that another node is taking are skipped, not waited for.
            postgres: diesel::update(mails::table).filter(mails::id.eq_any(due.for_update().skip_locked()))
                .set(leased).returning(MailRow::as_returning()).load(c).await,
            sqlite: diesel::update(mails::table).filter(mails::id.eq_any(due))
                .set(leased).returning(MailRow::as_returning()).load(c).await)?;
        // RETURNING does not guarantee an order.
        rows.sort_unstable_by_key(|row| (row.created_at.0, row.id.0));
        rows.into_iter().map(TakenMail::try_from).collect()
    }

    async fn delivered(&self, id: MailId, at: OffsetDateTime) -> Result<bool, StoreError> {
        let mut lease = self.writer().await?;
        let waiting = mails::table.find(DbId(id.as_uuid())).filter(mails::delivered_at.is_null());
        let update = diesel::update(waiting.filter(mails::refused_at.is_null()))
            .set((mails::delivered_at.eq(Some(DbInstant(at))), mails::sealed.eq(None::<Vec<u8>>)));
        with_connection!(&mut lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn refuse(&self, id: MailId, attempt: u32, why: MailRefusal, at: OffsetDateTime) -> Result<bool, StoreError> {
        let Ok(attempt) = i32::try_from(attempt) else { return Ok(false) };
        let mut lease = self.writer().await?;
        let update = diesel::update(taken(id, attempt)).set((
            mails::refused_at.eq(Some(DbInstant(at))),
            mails::refusal.eq(Some(why.to_string())),
            mails::sealed.eq(None::<Vec<u8>>),
        ));
        with_connection!(&mut lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn find_refused(&self, id: MailId) -> Result<Option<RefusedMail>, StoreError> {
        let mut lease = self.reader().await?;
        let refused = mails::table.find(DbId(id.as_uuid())).filter(mails::refused_at.is_not_null());
        let query =
            refused.select((mails::recipient, mails::refusal.assume_not_null(), mails::refused_at.assume_not_null()));
        let row: Option<(String, String, DbInstant)> =
            with_connection!(&mut lease, |c| query.first(c).await.optional())?;
        row.map(|(recipient, refusal, at)| {
            let recipient = parse("mails.recipient", &recipient)?;
            Ok(RefusedMail { recipient, refusal: parse("mails.refusal", &refusal)?, at: at.0 })
        })
        .transpose()
    }

    async fn reschedule(&self, id: MailId, attempt: u32, until: OffsetDateTime) -> Result<bool, StoreError> {
        let Ok(attempt) = i32::try_from(attempt) else { return Ok(false) };
        let mut lease = self.writer().await?;
        let update = diesel::update(taken(id, attempt)).set(mails::due_at.eq(DbInstant(until)));
        with_connection!(&mut lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn erase_expired(&self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        let mut lease = self.writer().await?;
        let expired = WAITING
            .filter(WAITING.field(mails::sealed).is_not_null())
            .filter(WAITING.field(mails::expires_at).le(DbInstant(now)))
            .order(WAITING.field(mails::expires_at))
            .limit(most.into())
            .select(WAITING.field(mails::id));
        let erased = mails::sealed.eq(None::<Vec<u8>>);
        with_connection!(&mut lease, |c|
            // Rows that another node has locked are skipped, not waited for.
            postgres: diesel::update(mails::table).filter(mails::id.eq_any(expired.for_update().skip_locked()))
                .set(erased).execute(c).await,
            sqlite: diesel::update(mails::table).filter(mails::id.eq_any(expired)).set(erased).execute(c).await)
        .map(affected)
    }
}
