//! Assertions for tests that can't return an error.

use std::{fmt::Debug, str::FromStr};

use tessera_kernel::StoreError;

/// Unwraps a call that must succeed.
///
/// # Panics
/// Panics if the call failed.
#[track_caller]
pub fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("must succeed, but: {error:?}"))
}

/// Unwraps the error of a call that must fail.
///
/// # Panics
/// Panics if the call succeeded.
#[track_caller]
pub fn failed<T: Debug, E>(result: Result<T, E>) -> E {
    match result {
        Ok(value) => panic!("must fail, but gave {value:?}"),
        Err(error) => error,
    }
}

/// Unwraps a value that must exist.
///
/// # Panics
/// Panics if there is no value.
#[track_caller]
pub fn some<T>(value: Option<T>) -> T {
    value.unwrap_or_else(|| panic!("a value is required"))
}

/// Asserts that a call failed with a conflict on the unique key, or on [`StoreError::REFERENCE`].
///
/// # Panics
/// Panics if the call succeeded or failed for another reason.
#[track_caller]
pub fn conflict<T: Debug>(result: Result<T, StoreError>, key: &str) {
    let error = failed(result);
    assert_eq!(error.conflict_key(), Some(key), "must be a conflict on {key}, but: {error:?}");
}

/// Parses a text that must be a valid value.
///
/// # Panics
/// Panics if the text is not valid.
#[must_use]
#[track_caller]
pub fn parsed<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text:?} must be valid, but: {error:?}"))
}
