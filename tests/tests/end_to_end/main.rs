//! The whole service, from outside: the real binary over HTTP, each scenario on SQLite and on PostgreSQL.
//!
//! Names such as `s148_last_owner` are those of statements in the security bar.

mod accounts;
mod audit;
mod bodies;
mod browser;
mod crash;
mod enumeration;
mod forge;
mod http;
mod inventory;
mod invitation_page;
mod invitations;
mod keys;
mod lifecycle;
mod logs;
mod mails;
mod members;
mod objects;
mod paging;
mod passwords;
mod races;
mod revocation;
mod sessions;
mod shapes;
mod shutdown;
mod smuggling;
mod startup;
mod storage;
mod texts;
mod tokens;
mod tour;
