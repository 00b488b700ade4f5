//! Storage of audit entries.

use std::fmt;

use async_trait::async_trait;
use diesel::prelude::*;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};
use tessera_kernel::{
    AuditTrail, Event, EventId, EventLog, OrganizationId, Outcome, Page, PageRequest, RequestMetadata, StoreError,
    log_context, logged_in,
};

use crate::database::engine::{
    SqlStore,
    connection::with_connection,
    rows::{after, corrupt, from_document, parse, parse_optional, to_document, to_page},
    run_query::RunQueryDsl,
    schema::events,
    transaction::Tx,
    types::{DbDocument, DbId, DbInstant},
};

/// Its members are also those of the log lines of audit entries.
#[derive(Insertable, Queryable, Selectable, Serialize)]
#[diesel(table_name = events)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct EventRow {
    id: DbId,
    occurred_at: DbInstant,
    name: String,
    outcome: String,
    actor_kind: Option<String>,
    actor_id: Option<DbId>,
    organization_id: Option<DbId>,
    subject: Option<DbId>,
    details: DbDocument,
    request_id: String,
    address: Option<String>,
    client_request_id: Option<String>,
    attempts: i64,
    attempts_key: Option<String>,
}

/// Details as a JSON object, which operators can query. There is no intermediate map, because a map would lose the
/// order and duplicate keys.
struct Details(Vec<(String, String)>);

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DetailsVisitor)
    }
}

struct DetailsVisitor;

impl<'de> Visitor<'de> for DetailsVisitor {
    type Value = Details;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Details, A::Error> {
        let mut details = Vec::new();
        while let Some(detail) = map.next_entry()? {
            details.push(detail);
        }
        Ok(Details(details))
    }
}

impl TryFrom<&Event> for EventRow {
    type Error = StoreError;

    fn try_from(event: &Event) -> Result<Self, StoreError> {
        let (actor_kind, actor_id) = event.actor.clone().unzip();
        Ok(Self {
            id: DbId(event.id.as_uuid()),
            occurred_at: DbInstant(event.occurred_at),
            name: event.name.clone(),
            outcome: event.outcome.as_str().to_owned(),
            actor_kind,
            actor_id: actor_id.map(DbId),
            organization_id: event.organization.map(|id| DbId(id.as_uuid())),
            subject: event.subject.map(DbId),
            details: to_document(&Details(event.details.clone()))?,
            request_id: event.origin.request_id.as_str().to_owned(),
            address: event.origin.address.map(|address| address.to_string()),
            client_request_id: event.origin.client_request_id.as_ref().map(|id| id.as_str().to_owned()),
            attempts: i64::try_from(event.attempts).unwrap_or(i64::MAX),
            attempts_key: event.attempts_key(),
        })
    }
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let outcome = [Outcome::Success, Outcome::Refused].into_iter().find(|outcome| outcome.as_str() == row.outcome);
        Ok(Self {
            id: EventId::from_uuid(row.id.0),
            occurred_at: row.occurred_at.0,
            name: row.name,
            outcome: outcome.ok_or_else(|| corrupt("events.outcome", "is none"))?,
            actor: row.actor_kind.zip(row.actor_id.map(|id| id.0)),
            organization: row.organization_id.map(|id| OrganizationId::from_uuid(id.0)),
            subject: row.subject.map(|id| id.0),
            details: from_document::<Details>("events.details", &row.details)?.0,
            origin: RequestMetadata {
                request_id: parse("events.request_id", &row.request_id)?,
                client_request_id: parse_optional("events.client_request_id", row.client_request_id.as_deref())?,
                address: parse_optional("events.address", row.address.as_deref())?,
            },
            attempts: u64::try_from(row.attempts).map_err(|_| corrupt("events.attempts", "is negative"))?,
        })
    }
}

/// Inserts an entry, or increments the attempt counter of the entry with the same key.
macro_rules! append {
    ($row:expr, |$insert:ident| $run:expr) => {{
        let row: EventRow = $row;
        let counted = row.attempts_key.is_some();
        let $insert = diesel::insert_into(events::table).values(row);
        if counted {
            let more = events::attempts.eq(events::attempts + 1);
            let $insert = $insert.on_conflict(events::attempts_key).do_update().set(more);
            $run
        } else {
            $run
        }
    }};
}

#[async_trait]
impl EventLog for Tx {
    async fn append(&mut self, event: &Event) -> Result<(), StoreError> {
        let row = EventRow::try_from(event)?;
        self.lease.note_entry(event, &row);
        append!(row, |insert| self.lease.defer(insert).await)
    }
}

#[async_trait]
impl AuditTrail for SqlStore {
    async fn record(&self, event: &Event) -> Result<(), StoreError> {
        let row = EventRow::try_from(event)?;
        let mut lease = self.writer().await?;
        lease.note_entry(event, &row);
        // The statement finishes even if the caller is cancelled, and so does the report.
        let recorded = async move {
            append!(row, |insert| with_connection!(&mut lease, |c| insert.execute(c).await).map(drop))?;
            lease.report_entries();
            Ok(())
        };
        tokio::spawn(logged_in(log_context(), recorded)).await.map_err(|ended| StoreError::Unavailable(ended.into()))?
    }

    async fn list_events(
        &self,
        organization: Option<OrganizationId>,
        page: PageRequest,
    ) -> Result<Page<Event>, StoreError> {
        let mut lease = self.reader().await?;
        let query = events::table.filter(events::id.gt(after(&page))).order(events::id).limit(page.rows());
        // Two queries: no value equals NULL, and the null-safe comparison uses no index on PostgreSQL.
        let rows: Vec<EventRow> = if let Some(id) = organization {
            let query = query.filter(events::organization_id.eq(DbId(id.as_uuid())));
            with_connection!(&mut lease, |c| query.select(EventRow::as_select()).load(c).await)?
        } else {
            let query = query.filter(events::organization_id.is_null());
            with_connection!(&mut lease, |c| query.select(EventRow::as_select()).load(c).await)?
        };
        to_page(rows, &page, |event: &Event| event.id.as_uuid())
    }
}
