//! Conversion of JSON values to value objects.

use std::str::FromStr;

use serde_json::Value;

use crate::{
    extract::json::fields::{Reading, Reason},
    problem::{FaultCode, Flaw},
};

/// Reads a string as a value object.
pub(crate) fn text<T: FromStr<Err: Flaw>>(value: &Value) -> Reading<T> {
    let Value::String(text) = value else { return invalid_type("must be a string") };
    text.parse().map_err(|flaw| Reason::of(&flaw).into())
}

pub(crate) fn boolean(value: &Value) -> Reading<bool> {
    value.as_bool().ok_or_else(|| Reason::new(FaultCode::InvalidType, "must be true or false").into())
}

/// Reads an integer as a value object. `1.0` is rejected, because it shows that the client calculates with
/// floating-point numbers.
pub(crate) fn whole<T: TryFrom<i64, Error: Flaw>>(value: &Value) -> Reading<T> {
    let Some(number) = value.as_i64() else { return invalid_type("must be a whole number") };
    T::try_from(number).map_err(|flaw| Reason::of(&flaw).into())
}

/// Reads an array with the field errors of all its entries. An array with more than `most` entries is rejected without
/// reading them.
pub(crate) fn list<T>(most: usize, read: impl Fn(&Value) -> Reading<T>) -> impl FnOnce(&Value) -> Reading<Vec<T>> {
    move |value| {
        let Value::Array(entries) = value else { return invalid_type("must be an array") };
        if entries.len() > most {
            return Err(Reason::new(FaultCode::TooLong, format!("must have at most {most} entries")).into());
        }
        let (mut values, mut reasons) = (Vec::with_capacity(entries.len()), Vec::new());
        for (index, entry) in entries.iter().enumerate() {
            match read(entry) {
                Ok(value) => values.push(value),
                Err(found) => reasons.extend(found.into_iter().map(|reason| inside(index, reason))),
            }
        }
        if reasons.is_empty() { Ok(values) } else { Err(reasons) }
    }
}

fn inside(index: usize, reason: Reason) -> Reason {
    Reason { inside: format!("/{index}{}", reason.inside), ..reason }
}

fn invalid_type<T>(detail: &str) -> Reading<T> {
    Err(Reason::new(FaultCode::InvalidType, detail).into())
}
