//! Whether the master key opens the sealed values.

use std::time::{Duration, Instant};

use tessera_kernel::StoreError;

use super::Inspection;
use crate::{
    crypto::MasterKey,
    database::tables::{SealedColumn, SealedValue, sealed_values},
};

/// What the master key opens. The responses in `idempotency_keys` also need the `Idempotency-Key` of the client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealedReport {
    /// Values that it opens.
    pub opened: u64,
    /// Those of them that another key than the one that encrypts has sealed.
    pub of_other_keys: u64,
    /// The tables with values that it does not open, and their number.
    pub unopened: Vec<(&'static str, u64)>,
    /// Whether the time was not enough for all values.
    pub is_partial: bool,
}

impl Inspection {
    /// Returns the secrets of the installation, still sealed.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn sealed_secrets(&mut self) -> Result<Vec<SealedValue>, StoreError> {
        sealed_values::list(&mut self.lease, SealedColumn::Secrets, None).await
    }

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
        for column in SealedColumn::ALL {
            let (mut values, mut unopened) = (sealed_values::list(&mut self.lease, column, None).await?, 0);
            while let Some(last) = values.last().cloned() {
                for value in &values {
                    match key.filter(|key| key.open(&value.name(), value.sealed()).is_ok()) {
                        Some(key) => {
                            report.opened += 1;
                            report.of_other_keys += u64::from(!key.has_sealed(value.sealed()));
                        }
                        None => unopened += 1,
                    }
                }
                if limit.is_some_and(|limit| started.elapsed() > limit) {
                    report.is_partial = true;
                    break;
                }
                values = sealed_values::list(&mut self.lease, column, Some(&last)).await?;
            }
            if unopened > 0 {
                report.unopened.push((column.place().0, unopened));
            }
        }
        Ok(report)
    }
}
