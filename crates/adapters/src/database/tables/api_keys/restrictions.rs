//! The stored form of what restricts a key.

use serde::{Deserialize, Serialize};
use tessera_apikeys::model::{AllowedAddresses, KeyLimit, KeyLimits, KeyRestrictions, Refill, UseCount, UseLimit};
use tessera_kernel::StoreError;

use crate::database::engine::{
    rows::{corrupt, from_document, parse, to_document},
    types::{DbDocument, DbInstant},
};

const COLUMN: &str = "api_keys.restrictions";

/// The document. Absent members stand for no restriction.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_ips: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<StoredLimit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refill: Option<StoredRefill>,
}

#[derive(Serialize, Deserialize)]
struct StoredLimit {
    name: String,
    requests: u32,
    window_seconds: u32,
}

#[derive(Serialize, Deserialize)]
struct StoredRefill {
    amount: u32,
    interval: String,
}

pub(super) fn to_column(restrictions: &KeyRestrictions) -> Result<DbDocument, StoreError> {
    let limit = |limit: &KeyLimit| StoredLimit {
        name: limit.name.to_string(),
        requests: limit.requests.get(),
        window_seconds: limit.window.get(),
    };
    let refill =
        |refill: Refill| StoredRefill { amount: refill.amount.get(), interval: refill.interval.as_str().to_owned() };
    to_document(&Stored {
        allowed_ips: restrictions.allowed_addresses.iter().map(ToString::to_string).collect(),
        limits: restrictions.limits.iter().map(limit).collect(),
        refill: restrictions.uses.and_then(|uses| uses.refill).map(refill),
    })
}

/// `uses` are the columns `remaining_uses` and `uses_since`.
pub(super) fn of_columns(
    document: &DbDocument,
    uses: (Option<i64>, Option<DbInstant>),
) -> Result<KeyRestrictions, StoreError> {
    // Most keys have no restriction.
    if document.0 == "{}" && uses.0.is_none() {
        return Ok(KeyRestrictions::default());
    }
    let stored: Stored = from_document(COLUMN, document)?;
    let networks = stored.allowed_ips.iter().map(|network| parse(COLUMN, network)).collect::<Result<Vec<_>, _>>()?;
    let limits = stored.limits.iter().map(limit_of).collect::<Result<Vec<_>, _>>()?;
    let uses = match uses {
        (Some(remaining), Some(since)) => {
            let refill = stored.refill.as_ref().map(refill_of).transpose()?;
            Some(UseLimit { remaining: use_count(remaining)?, since: since.0, refill })
        }
        _ => None,
    };
    Ok(KeyRestrictions {
        allowed_addresses: AllowedAddresses::try_from(networks).map_err(|fault| corrupt(COLUMN, fault))?,
        limits: KeyLimits::try_from(limits).map_err(|fault| corrupt(COLUMN, fault))?,
        uses,
    })
}

fn limit_of(stored: &StoredLimit) -> Result<KeyLimit, StoreError> {
    Ok(KeyLimit {
        name: parse(COLUMN, &stored.name)?,
        requests: i64::from(stored.requests).try_into().map_err(|fault| corrupt(COLUMN, fault))?,
        window: i64::from(stored.window_seconds).try_into().map_err(|fault| corrupt(COLUMN, fault))?,
    })
}

fn refill_of(stored: &StoredRefill) -> Result<Refill, StoreError> {
    Ok(Refill {
        amount: i64::from(stored.amount).try_into().map_err(|fault| corrupt(COLUMN, fault))?,
        interval: parse(COLUMN, &stored.interval)?,
    })
}

fn use_count(remaining: i64) -> Result<UseCount, StoreError> {
    remaining.try_into().map_err(|fault| corrupt("api_keys.remaining_uses", fault))
}
