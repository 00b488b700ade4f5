//! The whole service, from outside: the real binary over HTTP, each scenario on SQLite and on PostgreSQL.
//!
//! Names such as `s148_last_owner` are those of statements in the security bar.

mod accounts;
mod audit;
mod bodies;
mod browser;
mod crash;
mod document_access;
mod document_versions;
mod documents;
mod enumeration;
mod exchange;
mod forge;
mod http;
mod inventory;
mod invitation_page;
mod invitations;
mod keys;
mod lifecycle;
mod logs;
mod mail_tls;
mod mails;
mod members;
mod notices;
mod objects;
mod paging;
mod password_changes;
mod passwords;
mod places;
mod profile;
mod races;
mod revocation;
mod sessions;
mod shapes;
mod shutdown;
mod signing_keys;
mod smuggling;
mod sso;
mod startup;
mod storage;
mod texts;
mod tokens;
mod tour;
mod wallet_links;
mod wallet_signatures;
mod wallets;
