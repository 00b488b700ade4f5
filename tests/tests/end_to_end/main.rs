//! Black-box tests of the whole service: the real binary over HTTP, each scenario on SQLite and on PostgreSQL.
//!
//! A suffix such as `_s148` refers to a statement in `docs/security-requirements.md`.

mod accounts;
mod audit;
mod backup;
mod branding;
mod documents;
mod first_run;
mod http;
mod keys;
mod lifecycle;
mod moving;
mod nodes;
mod orgs;
mod sso;
mod storage;
mod tour;
mod wallets;
