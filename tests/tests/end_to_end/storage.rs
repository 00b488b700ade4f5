//! Direct access to the storage of the service, for state that no endpoint shows.

use tessera_adapters::{DatabaseSettings, SqlStore};
use tessera_identity::ports::{IdentityStore, IdentityTransaction};
use tessera_kernel::{Clock as _, MailId, UserId};
use tessera_outbox::{MailQueue as _, RefusedMail, TakenMail};
use tessera_system::{SystemClock, system_ports};
use tessera_tests::process::Installation;

/// A separate store on the database of the service.
pub(crate) async fn open(installation: &Installation) -> SqlStore {
    let url = installation.database().url();
    let url = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
    SqlStore::open(&DatabaseSettings::new(url)).await.unwrap_or_else(|error| panic!("no store: {error}"))
}

/// A transaction that holds the only writer of SQLite until it is dropped. It reads, because a store may begin a transaction
/// with its first statement.
pub(crate) async fn hold_writer(store: &SqlStore) -> Box<dyn IdentityTransaction> {
    let mut held = IdentityStore::begin(store).await.unwrap_or_else(|error| panic!("no transaction: {error}"));
    let read = held.password_resets().find_open_of(UserId::generate(&system_ports())).await;
    assert_eq!(read.unwrap_or_else(|error| panic!("the writer is not free: {error}")), None);
    held
}

/// Every undelivered mail. Taking them blocks their delivery for an hour, except for mails that are already being sent.
pub(crate) async fn waiting_mails(store: &SqlStore) -> Vec<TakenMail> {
    let now = SystemClock.now();
    let taken = store.take(now + time::Duration::DAY, now + time::Duration::HOUR, u16::MAX).await;
    taken.unwrap_or_else(|error| panic!("no mails: {error}"))
}

/// The record of a permanently rejected mail.
pub(crate) async fn refused_mail(store: &SqlStore, id: MailId) -> RefusedMail {
    let left = store.find_refused(id).await.unwrap_or_else(|error| panic!("no mail: {error}"));
    left.unwrap_or_else(|| panic!("{id} was not refused"))
}
