//! Saying what must have come out, for tests that can't return an error.

use std::{fmt::Debug, str::FromStr};

use tessera_kernel::StoreError;

/// The value of a call that must have succeeded.
///
/// # Panics
/// When it did not.
#[track_caller]
pub fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("must succeed, but: {error:?}"))
}

/// The error of a call that must have failed.
///
/// # Panics
/// When it succeeded.
#[track_caller]
pub fn failed<T: Debug, E>(result: Result<T, E>) -> E {
    match result {
        Ok(value) => panic!("must fail, but gave {value:?}"),
        Err(error) => error,
    }
}

/// The value that must be there.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn some<T>(value: Option<T>) -> T {
    value.unwrap_or_else(|| panic!("must be there"))
}

/// Holds a call to having been refused because of that unique key, or of [`StoreError::REFERENCE`].
///
/// # Panics
/// When it succeeded or failed for another reason.
#[track_caller]
pub fn conflict<T: Debug>(result: Result<T, StoreError>, key: &str) {
    let error = failed(result);
    assert_eq!(error.conflict_key(), Some(key), "must be a conflict on {key}, but: {error:?}");
}

/// The value object of a text that must be one.
///
/// # Panics
/// When it is none.
#[must_use]
#[track_caller]
pub fn parsed<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text:?} must be valid, but: {error:?}"))
}
