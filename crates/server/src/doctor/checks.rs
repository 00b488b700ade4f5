//! The list of all checks. The command uses it, and so can a page of the service.

mod backup;
mod clock;
mod config;
mod connections;
pub(super) mod database;
mod database_tls;
mod documents;
mod durability;
mod files;
mod hashing;
mod integrity;
mod jobs;
mod limits;
mod mail;
mod master_key;
mod operators;
mod outbox;
mod owners;
mod pooler;
mod public_url;
mod references;
mod rpc;
mod schema;
mod sealed;
mod signing_keys;
mod token_secret;

use std::{future::ready, pin::Pin, sync::Arc};

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;

use super::{context::Context, finding::Finding};

type Running<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A check that reads facts from the database.
pub(super) type OnDatabase = for<'a> fn(&'a Context, &'a mut Inspection) -> Running<'a, Result<Finding, StoreError>>;

/// A check that compares something with the database, if the database is available.
type OnEither = for<'a> fn(&'a Context, Option<&'a mut Inspection>) -> Running<'a, Finding>;

/// What a check needs, and the function that returns its finding.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// No database.
    Alone(fn(Arc<Context>) -> Running<'static, Finding>),
    /// It opens the database for those that follow.
    Opening,
    Database(OnDatabase),
    /// A database with the schema of this version.
    Tables(OnDatabase),
    Either(OnEither),
}

/// A check of the installation.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) run: Run,
}

/// The checks that take seconds at most.
pub(super) const CHECKS: [Check; 21] = [
    Check { name: "config", run: Run::Alone(|_| Box::pin(ready(config::check()))) },
    Check { name: "files", run: Run::Alone(|context| Box::pin(files::check(context))) },
    Check { name: "database", run: Run::Opening },
    Check {
        name: "database_tls",
        run: Run::Database(|context, database| Box::pin(database_tls::check(context, database))),
    },
    Check {
        name: "schema",
        run: Run::Database(|context, database| Box::pin(ready(Ok(schema::check(context, database))))),
    },
    Check { name: "durability", run: Run::Database(|_, database| Box::pin(durability::check(database))) },
    Check {
        name: "connections",
        run: Run::Database(|context, database| Box::pin(connections::check(context, database))),
    },
    Check { name: "pooler", run: Run::Alone(|context| Box::pin(pooler::check(context))) },
    Check { name: "clock", run: Run::Database(|context, database| Box::pin(clock::check(context, database))) },
    Check { name: "master_key", run: Run::Tables(|context, database| Box::pin(master_key::check(context, database))) },
    Check { name: "public_url", run: Run::Either(|context, database| Box::pin(public_url::check(context, database))) },
    Check { name: "mail", run: Run::Alone(|context| Box::pin(mail::check(context))) },
    Check {
        name: "signing_keys",
        run: Run::Tables(|context, database| Box::pin(signing_keys::check(context, database))),
    },
    Check {
        name: "token_secret",
        run: Run::Tables(|context, database| Box::pin(token_secret::check(context, database))),
    },
    Check { name: "jobs", run: Run::Tables(|context, database| Box::pin(jobs::check(context, database))) },
    Check { name: "outbox", run: Run::Tables(|_, database| Box::pin(outbox::check(database))) },
    Check { name: "backup", run: Run::Alone(|context| Box::pin(backup::check(context))) },
    Check { name: "hashing", run: Run::Alone(|context| Box::pin(hashing::check(context))) },
    Check { name: "limits", run: Run::Alone(|context| Box::pin(ready(limits::check(&context)))) },
    Check { name: "rpc", run: Run::Alone(|context| Box::pin(rpc::check(context))) },
    Check { name: "operators", run: Run::Alone(|_| Box::pin(ready(operators::check()))) },
];

/// The checks that read every row.
pub(super) const DEEP: [Check; 5] = [
    Check { name: "integrity", run: Run::Tables(|_, database| Box::pin(integrity::check(database))) },
    Check { name: "references", run: Run::Tables(|_, database| Box::pin(references::check(database))) },
    Check { name: "owners", run: Run::Tables(|_, database| Box::pin(owners::check(database))) },
    Check { name: "sealed", run: Run::Tables(|context, database| Box::pin(sealed::check(context, database))) },
    Check { name: "documents", run: Run::Tables(|_, database| Box::pin(documents::check(database))) },
];
