//! Whether the master key opens the sealed values.

use std::time::{Duration, Instant};

use data_encoding::HEXUPPER;
use tessera_kernel::{MailId, StoreError, UserId};
use tessera_sso::model::KeyId;
use uuid::Uuid;

use crate::{
    crypto::{MasterKey, signing_key_name, totp_name},
    mail::sealed_mail_name,
};

use super::{Inspection, Row, pages::Reading};

/// A table with sealed values, and the name under which the value of a key is sealed.
struct Sealed {
    table: &'static str,
    key: &'static str,
    is_id: bool,
    name: fn(&str) -> Option<String>,
}

fn user(text: &str) -> Option<String> {
    Uuid::parse_str(text).ok().map(|id| totp_name(UserId::from_uuid(id)))
}

/// All tables with sealed values. The responses in `idempotency_keys` also need the `Idempotency-Key` of the client.
const SEALED: [Sealed; 5] = [
    Sealed { table: "secrets", key: "name", is_id: false, name: |name| Some(name.to_owned()) },
    Sealed {
        table: "signing_keys",
        key: "kid",
        is_id: false,
        name: |kid| kid.parse::<KeyId>().ok().map(|kid| signing_key_name(&kid)),
    },
    Sealed { table: "totp_factors", key: "user_id", is_id: true, name: user },
    Sealed { table: "totp_enrollments", key: "user_id", is_id: true, name: user },
    Sealed {
        table: "mails",
        key: "id",
        is_id: true,
        name: |id| Uuid::parse_str(id).ok().map(|id| sealed_mail_name(MailId::from_uuid(id))),
    },
];

/// What the master key opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealedReport {
    /// Values that it opens.
    pub opened: u64,
    /// The tables with values that it does not open, and their number.
    pub unopened: Vec<(&'static str, u64)>,
    /// Whether the time was not enough for all values.
    pub is_partial: bool,
}

impl Inspection {
    /// Opens every sealed value, or those that it can in the time. Without a key, all values count as not opened.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn open_sealed(
        &mut self,
        key: Option<&MasterKey>,
        limit: Option<Duration>,
    ) -> Result<SealedReport, StoreError> {
        let (started, mut report) = (Instant::now(), SealedReport::default());
        for sealed in SEALED {
            let id = if sealed.is_id { self.id_text(sealed.key) } else { sealed.key.to_owned() };
            let bytes = if self.is_postgres() { "upper(encode(sealed, 'hex'))" } else { "hex(sealed)" };
            let key_columns = [sealed.key];
            let reading =
                Reading { table: sealed.table, key: &key_columns, columns: (&id, bytes), filter: "sealed IS NOT NULL" };
            let (mut last, mut unopened) = (None, 0);
            loop {
                let (rows, next) = self.page(reading, last.as_deref()).await?;
                for row in &rows {
                    if opens(key, &sealed, row) { report.opened += 1 } else { unopened += 1 }
                }
                last = next;
                if last.is_none() {
                    break;
                }
                if limit.is_some_and(|limit| started.elapsed() > limit) {
                    report.is_partial = true;
                    break;
                }
            }
            if unopened > 0 {
                report.unopened.push((sealed.table, unopened));
            }
        }
        Ok(report)
    }
}

fn opens(key: Option<&MasterKey>, sealed: &Sealed, row: &Row) -> bool {
    let name = row.b.as_deref().and_then(sealed.name);
    let bytes = row.c.as_ref().and_then(|text| HEXUPPER.decode(text.as_bytes()).ok());
    matches!((key, name, bytes), (Some(key), Some(name), Some(bytes)) if key.open(&name, &bytes).is_ok())
}
