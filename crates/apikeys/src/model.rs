//! Entities and value objects.

mod api_key;
mod key_format;
mod lifetime;
mod limits;
mod raw_key;
mod restrictions;

pub use api_key::{
    ApiKey, FoundKey, KeyDescription, KeyName, KeyOwner, KeySecret, KeyState, KeyUse, OwnerRights, PreviousSecret,
    SecretUse, StoredKey,
};
pub use key_format::{KeyChecksum, KeyFormat};
pub use lifetime::{KeyLifetime, KeyLifetimeError};
pub use limits::{
    KeyLimit, KeyLimits, KeyLimitsError, LimitName, OverlapSeconds, OverlapSecondsError, Refill, RefillAmount,
    RefillAmountError, RefillInterval, RefillIntervalError, RequestCount, RequestCountError, UseCost, UseCostError,
    UseCount, UseCountError, UseLimit, WindowSeconds, WindowSecondsError,
};
pub use raw_key::{KeyKind, RawKey, RawKeyError};
pub use restrictions::{AllowedAddresses, KeyRestrictions, NewRestrictions, RefillWithoutUses, TooManyAddresses};

pub use crate::service_accounts::model::{
    ServiceAccount, ServiceAccountPermission, ServiceAccountPermissionError, ServiceAccountState,
};
