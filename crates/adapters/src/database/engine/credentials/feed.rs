//! The changes of rights, from the transactions that make them to the caches of all nodes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{BigInt, Text},
};
use tessera_kernel::StoreError;
use tokio::{
    sync::Notify,
    time::{error::Elapsed, timeout},
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{Change, Changes, Credentials, Lag, changes::clocks};
use crate::database::engine::{
    clock::Now,
    connection::{PooledConnection, with_connection},
    pools::Single,
    postgres::{notifications, server::Server},
    rows::corrupt,
    run_query::RunQueryDsl,
    schema::{credential_changes, credential_epoch},
    types::DbInstant,
};

/// The time between two polls if no notification arrives.
const POLL: Duration = Duration::from_millis(200);

/// Time limit of a poll on an open connection. After it, the node does not use its cache anyway.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many changes are kept. A node that is further behind drops all entries instead of reading them.
const KEEP: i64 = 10_000;

/// The channel of PostgreSQL that reports a change. It only says that there is one.
const CHANNEL: &str = "tessera_credentials";

#[derive(QueryableByName)]
struct Recorded {
    #[diesel(sql_type = BigInt)]
    epoch: i64,
}

/// Records what a transaction changes. It must be the last statement before the commit: it takes a lock that makes such
/// transactions commit one after the other, in the order of their numbers.
pub(in crate::database) async fn record(
    lease: &mut PooledConnection,
    subjects: Vec<Uuid>,
) -> Result<Change, StoreError> {
    let text = subjects.iter().map(|id| id.simple().to_string()).collect::<Vec<_>>().join(",");
    let recorded: Recorded = if let Some(features) = lease.features() {
        // One round trip. The server sends the notification at the commit. All other changes wait for that commit, so it
        // must follow at once: the server ends the transaction of a node that stops here.
        let sql = format!(
            "WITH next AS (UPDATE credential_epoch SET epoch = epoch + 1 RETURNING epoch),
            old AS (DELETE FROM credential_changes USING next WHERE credential_changes.epoch <= next.epoch - $2)
            INSERT INTO credential_changes (epoch, subjects) SELECT epoch, $1 FROM next
            RETURNING epoch, {},
            set_config('idle_in_transaction_session_timeout', '1s', true)",
            notifications::expression(features)
        );
        let query = diesel::sql_query(sql).bind::<Text, _>(text).bind::<BigInt, _>(KEEP).bind::<Text, _>(CHANNEL);
        with_connection!(lease, |c| query.get_result(c).await)?
    } else {
        let increment = diesel::update(credential_epoch::table)
            .set(credential_epoch::epoch.eq(credential_epoch::epoch + 1))
            .returning(credential_epoch::epoch);
        let epoch: i64 = with_connection!(lease, |c| increment.get_result(c).await)?;
        let insert = diesel::insert_into(credential_changes::table)
            .values((credential_changes::epoch.eq(epoch), credential_changes::subjects.eq(text)));
        lease.defer(insert).await?;
        let old = credential_changes::table.filter(credential_changes::epoch.le(epoch - KEEP));
        lease.defer(diesel::delete(old)).await?;
        Recorded { epoch }
    };
    Ok(Change { epoch: number(recorded.epoch)?, subjects })
}

fn number(epoch: i64) -> Result<u64, StoreError> {
    u64::try_from(epoch).map_err(|fault| corrupt("credential_epoch.epoch", fault))
}

fn subjects(text: &str) -> Result<Vec<Uuid>, StoreError> {
    let ids = text.split(',').map(str::parse).collect::<Result<_, _>>();
    ids.map_err(|fault| corrupt("credential_changes.subjects", fault))
}

/// The answer of the database to a poll.
struct Answer {
    newest: u64,
    /// In ascending order.
    changes: Vec<Change>,
    /// The numbers of the changes, with the time since each was recorded. Both times are those of the database.
    ages: Vec<(u64, Duration)>,
}

/// Returns the newest epoch and the changes after `applied`.
async fn read(lease: &mut PooledConnection, applied: u64) -> Result<Answer, StoreError> {
    type Row = (i64, DbInstant, Option<(i64, String, DbInstant)>);
    let after = i64::try_from(applied).unwrap_or(i64::MAX);
    let query = credential_epoch::table
        .left_join(credential_changes::table.on(credential_changes::epoch.gt(after)))
        .order(credential_changes::epoch)
        .select((
            credential_epoch::epoch,
            Now,
            (credential_changes::epoch, credential_changes::subjects, credential_changes::recorded_at).nullable(),
        ));
    let rows: Vec<Row> = with_connection!(lease, |c| query.load(c).await)?;
    let newest = number(rows.as_slice().first().map_or(0, |row| row.0))?;
    let mut answer = Answer { newest, changes: Vec::new(), ages: Vec::new() };
    for (_, now, change) in rows {
        let Some((epoch, text, recorded)) = change else { continue };
        let epoch = number(epoch)?;
        answer.changes.push(Change { epoch, subjects: subjects(&text)? });
        // A change may be recorded after the poll was received and before its statement reads. Its age is then negative.
        answer.ages.push((epoch, Duration::try_from(now.0 - recorded.0).unwrap_or_default()));
    }
    Ok(answer)
}

/// The tasks that keep the cache of this node up to date. They end when this is dropped.
pub(in crate::database) struct Feed {
    _poller: AbortOnDropHandle<()>,
    _listener: Option<AbortOnDropHandle<()>>,
}

impl Feed {
    /// Starts the tasks. `postgres` is the address of the server that sends notifications. SQLite has none: a
    /// process hears at the next poll of what another process on its file has changed.
    pub(in crate::database) fn start(credentials: &Credentials, connection: Single, postgres: Option<Server>) -> Self {
        let (changes, lag) = (Arc::clone(&credentials.changes), Arc::clone(&credentials.lag));
        let wake = Arc::new(Notify::new());
        let listener = postgres.map(|config| notifications::listen(config, CHANNEL, Arc::clone(&wake)));
        let poller = AbortOnDropHandle::new(tokio::spawn(follow(changes, lag, connection, wake)));
        Self { _poller: poller, _listener: listener }
    }
}

/// Polls once. `opened` is when the connection of the previous poll was opened.
async fn poll(
    changes: &Changes,
    lag: &Lag,
    connection: &Single,
    opened: &mut Option<Instant>,
) -> Result<(), StoreError> {
    let mut lease = connection.lend().await?;
    let asked = clocks();
    let answer = match timeout(PATIENCE, read(&mut lease, changes.applied())).await {
        Ok(answer) => answer?,
        Err(late) => {
            lease.discard();
            return Err(StoreError::Unavailable(Box::new(late)));
        }
    };
    let now_open = lease.opened_at();
    let is_first = !changes.is_connected();
    changes.confirm(answer.newest, &answer.changes, asked, now_open.is_some() && *opened != now_open);
    // The first answer has changes from before this node has started.
    if !is_first {
        // The database has read its clock since the poll was sent, so the lag is at most this.
        let since = asked.0.elapsed();
        lag.applied(answer.newest, answer.ages.into_iter().map(|(epoch, age)| (epoch, age + since)));
    }
    *opened = now_open;
    Ok(())
}

async fn follow(changes: Arc<Changes>, lag: Arc<Lag>, connection: Single, wake: Arc<Notify>) {
    let (mut fails, mut opened) = (false, None);
    loop {
        let failed = match poll(&changes, &lag, &connection, &mut opened).await {
            Ok(()) => false,
            Err(error) => {
                if !fails {
                    tracing::warn!(%error, "the credential cache is not used: the changes of rights can't be read");
                }
                true
            }
        };
        if fails && !failed {
            tracing::info!("the credential cache is used again");
        }
        fails = failed;
        let _: Result<(), Elapsed> = timeout(POLL, wake.notified()).await;
    }
}
