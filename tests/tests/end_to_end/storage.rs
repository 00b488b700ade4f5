//! The service's storage from behind, for what no operation shows.

use std::time::Duration;

use tessera_adapters::{DatabaseSettings, SqlStore, SystemClock};
use tessera_kernel::{Clock as _, MailId, MailQueue as _, RefusedMail, TakenMail};
use tessera_tests::process::Installation;

/// A store of its own on the service's database.
pub(crate) async fn open(installation: &Installation) -> SqlStore {
    let url = installation.database().url();
    let settings = DatabaseSettings {
        url: url.parse().unwrap_or_else(|error| panic!("{url}: {error}")),
        pool_size: 2,
        acquire_timeout: Duration::from_secs(5),
    };
    SqlStore::open(&settings).await.unwrap_or_else(|error| panic!("no store: {error}"))
}

/// Every mail that was not delivered yet. Nobody gets them any more for an hour, unless they are on their way already.
pub(crate) async fn waiting_mails(store: &SqlStore) -> Vec<TakenMail> {
    let now = SystemClock.now();
    let taken = store.take(now + time::Duration::DAY, now + time::Duration::HOUR, u16::MAX).await;
    taken.unwrap_or_else(|error| panic!("no mails: {error}"))
}

/// What is left of a mail that was refused.
pub(crate) async fn refused_mail(store: &SqlStore, id: MailId) -> RefusedMail {
    let left = store.find_refused(id).await.unwrap_or_else(|error| panic!("no mail: {error}"));
    left.unwrap_or_else(|| panic!("{id} was not refused"))
}
