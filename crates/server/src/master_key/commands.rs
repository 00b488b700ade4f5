//! `tessera master-key`: replacement of the key that encrypts the stored secrets.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, bail};
use tessera_adapters::{DatabaseUrl, MasterKey, MasterKeyId, ResealPass, SealedColumn, SqlStore};
use tessera_kernel::{AuditEntry, AuditTrail as _, Event, Outcome, RequestMetadata};
use tessera_system::system_ports;

use super::key_file;
use crate::{
    config::Config,
    progress::{Progress, Total, counted},
    serving_lock::ServingLock,
    wiring::{self, OpenSecrets},
};

/// How often all values are read, while other processes write values under another key.
const MOST_PASSES: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MasterKeyAction {
    Status,
    Rotate,
    Reseal,
}

/// Performs the action, and prints its result.
pub(crate) async fn run(config: &Config, action: MasterKeyAction) -> anyhow::Result<()> {
    let text = match action {
        MasterKeyAction::Status => status(&wiring::open_secrets(config).await?).await?,
        MasterKeyAction::Reseal => reseal(&wiring::open_secrets(config).await?).await?,
        MasterKeyAction::Rotate => rotate(config).await?,
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("can't write to standard output")
}

/// How many values each key has sealed. Values that no key opens and that contain no id have none.
struct Census {
    by_key: BTreeMap<Option<MasterKeyId>, u64>,
    /// Values that do not contain the id of the key that encrypts.
    to_reseal: u64,
}

impl Census {
    async fn take(store: &SqlStore, key: &MasterKey) -> anyhow::Result<Self> {
        let mut census = Self { by_key: BTreeMap::new(), to_reseal: 0 };
        for column in SealedColumn::ALL {
            let mut values = store.list_sealed(column, None).await?;
            while let Some(last) = values.last() {
                for value in &values {
                    let id = key.id_of(&value.name(), value.sealed());
                    *census.by_key.entry(id).or_default() += 1;
                    census.to_reseal += u64::from(!key.has_sealed(value.sealed()));
                }
                values = store.list_sealed(column, Some(last)).await?;
            }
        }
        Ok(census)
    }

    /// Values of other keys than the one that encrypts.
    fn under_others(&self, key: &MasterKey) -> u64 {
        self.by_key.iter().filter(|(id, _)| **id != Some(key.id())).map(|(_, number)| number).sum()
    }
}

async fn status(OpenSecrets { store, master }: &OpenSecrets) -> anyhow::Result<String> {
    let mut census = Census::take(store, master).await?;
    for id in [Some(master.id()), master.also_id()].into_iter().flatten() {
        census.by_key.entry(Some(id)).or_default();
    }
    let mut lines = format!("{:16}  {:13}  {:>10}\n", "KEY", "STATE", "VALUES");
    for (id, number) in &census.by_key {
        let state = match id {
            Some(id) if *id == master.id() => "encrypts",
            Some(id) if Some(*id) == master.also_id() => "only decrypts",
            _ => "unknown",
        };
        let id = id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        writeln!(lines, "{id:16}  {state:13}  {number:>10}")?;
    }
    writeln!(lines, "{} values under other keys", census.under_others(master))?;
    Ok(lines)
}

async fn reseal(OpenSecrets { store, master }: &OpenSecrets) -> anyhow::Result<String> {
    let system = system_ports();
    let total = Census::take(store, master).await?.to_reseal;
    let counter = Arc::new(AtomicU64::new(0));
    let progress = Progress::start("reseal", Total::Values(total), counted(&counter));
    let (mut done, mut unreadable) = (0, 0);
    for _ in 0..MOST_PASSES {
        let pass =
            store.reseal(master, &*system.entropy, |number| counter.store(done + number, Ordering::Relaxed)).await?;
        done += pass.replaced;
        unreadable = pass.unreadable;
        if pass.is_last() {
            break;
        }
    }
    drop(progress);
    if done > 0 {
        store.record(&resealed(master, done)).await?;
    }
    if unreadable > 0 {
        bail!(
            "{unreadable} values can't be opened with the keys that are set; tessera master-key status lists their keys"
        );
    }
    let left = Census::take(store, master).await?.under_others(master);
    Ok(format!("{done} values sealed again\n{left} values under other keys\n"))
}

fn resealed(key: &MasterKey, values: u64) -> Event {
    let name = "sealed_values.resealed";
    let entry = AuditEntry { name, outcome: Outcome::Success, organization: None, subject: None, details: Vec::new() };
    let entry = entry.with("key_id", &key.key_id()).with("values", &values);
    Event::by_anonymous(&RequestMetadata::internal("master-key-command"), entry, &system_ports())
}

/// Replaces the key file. It can be interrupted anywhere:
///
/// 1. The new key is durable in `master.key.new` before a value is sealed with it.
/// 2. All values are sealed with it in one transaction. From its commit on, only the new key opens them, and a start finds
///    it in `master.key.new`.
/// 3. The file takes the place of `master.key`.
///
/// A second run finds the new key, seals what is not sealed with it, and replaces the file.
async fn rotate(config: &Config) -> anyhow::Result<String> {
    let DatabaseUrl::Sqlite(database) = &config.database_url else {
        bail!("only a key file can be rotated at once; with PostgreSQL, see tessera master-key --help for the steps");
    };
    if config.master_key.is_some() {
        bail!(
            "TESSERA_MASTER_KEY is set, so there is no key file to rotate; see tessera master-key --help for the steps"
        );
    }
    // A process that serves the database would keep the old key.
    let _lock = ServingLock::take(database)?;
    // This also stores the root of keyed hashes, if an earlier version has not.
    let OpenSecrets { store, .. } = wiring::open_secrets(config).await?;
    let path = key_file::of_database(database);
    let Some(replaced) = key_file::read(&path)? else { bail!("there is no key file at {}", path.display()) };
    let system = system_ports();
    let new = match key_file::read(&key_file::next(&path))? {
        Some(new) => new,
        None => key_file::make(&key_file::next(&path), &*system.entropy)?,
    };
    let (old, key) = (replaced.key_id(), new.with_also(key_file::read(&path)?.context("the key file vanished")?));
    let total = Census::take(&store, &key).await?.to_reseal;
    let counter = Arc::new(AtomicU64::new(0));
    let progress = Progress::start("rotate", Total::Values(total), counted(&counter));
    let event = |pass: ResealPass| resealed(&key, pass.replaced);
    let pass =
        store.reseal_at_once(&key, &*system.entropy, |done| counter.store(done, Ordering::Relaxed), event).await?;
    drop(progress);
    if pass.unreadable > 0 {
        bail!("{} values can't be opened with {}; nothing was changed", pass.unreadable, path.display());
    }
    let kept = key_file::replace(&path, &replaced)?;
    Ok(format!(
        "{} values sealed again\n{} holds the key {} now; {} holds the key {old}, which earlier backups need\n",
        pass.replaced,
        path.display(),
        key.key_id(),
        kept.display()
    ))
}
