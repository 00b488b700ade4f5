//! Conversion of JSON values to value objects.

use std::{cell::RefCell, collections::BTreeSet, fmt::Display, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    extract::json::fields::{FieldResult, Member, ValueError},
    problem::{FieldErrorCode, ToFieldError},
};

/// Reads a string as a value object.
pub(crate) fn text<T: FromStr<Err: ToFieldError>>(value: &Value) -> FieldResult<T> {
    let Value::String(text) = value else { return invalid_type("must be a string") };
    text.parse().map_err(|error| ValueError::of(&error).into())
}

pub(crate) fn boolean(value: &Value) -> FieldResult<bool> {
    value.as_bool().ok_or_else(|| ValueError::new(FieldErrorCode::InvalidType, "must be true or false").into())
}

/// Reads an integer as a value object. `1.0` is rejected, because it shows that the client calculates with
/// floating-point numbers.
pub(crate) fn integer<T: TryFrom<i64, Error: ToFieldError>>(value: &Value) -> FieldResult<T> {
    let Some(number) = value.as_i64() else { return invalid_type("must be a whole number") };
    T::try_from(number).map_err(|error| ValueError::of(&error).into())
}

/// Reads an array with the field errors of all its entries. An array with more than `most` entries is rejected without
/// reading them.
pub(crate) fn list<T>(
    most: usize,
    read: impl Fn(&Value) -> FieldResult<T>,
) -> impl FnOnce(&Value) -> FieldResult<Vec<T>> {
    move |value| {
        let Value::Array(entries) = value else { return invalid_type("must be an array") };
        if entries.len() > most {
            return Err(ValueError::new(FieldErrorCode::TooLong, format!("must have at most {most} entries")).into());
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

/// Reads an array of at most `MAX` different strings.
pub(crate) fn distinct<T, const MAX: usize>(value: &Value) -> FieldResult<Vec<T>>
where
    T: FromStr<Err: ToFieldError> + Ord + Clone,
{
    let seen = RefCell::new(BTreeSet::new());
    let once = |value: &Value| {
        let entry = text::<T>(value)?;
        if seen.borrow_mut().insert(entry.clone()) {
            return Ok(entry);
        }
        Err(ValueError::new(FieldErrorCode::Duplicate, "is a duplicate").into())
    };
    list(MAX, once)(value)
}

/// Reads an object as the text in the body. A parsed tree would lose the notation of its numbers.
pub(crate) fn object<T: TryFrom<String, Error: ToFieldError>>(member: &Member<'_>) -> FieldResult<T> {
    let text = if member.value.is_object() { member.compact() } else { None };
    let Some(text) = text else { return invalid_type("must be an object") };
    text.try_into().map_err(|error| ValueError::of(&error).into())
}

/// The members of an object inside of a field, with the field errors of all of them. Unknown members are ignored.
pub(crate) struct Members<'a> {
    object: &'a Map<String, Value>,
    reasons: Vec<ValueError>,
}

impl<'a> Members<'a> {
    pub(crate) fn of(value: &'a Value) -> FieldResult<Self> {
        let Value::Object(object) = value else { return invalid_type("must be an object") };
        Ok(Self { object, reasons: Vec::new() })
    }

    /// Reads a required member. `None` implies a recorded field error.
    pub(crate) fn required<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> FieldResult<T>) -> Option<T> {
        if !self.object.contains_key(name) {
            self.fault(name, FieldErrorCode::Required, "is required");
        }
        self.object.get(name).and_then(|value| self.read(name, value, read))
    }

    /// Reads an optional member. `null` is equal to an absent member.
    pub(crate) fn optional<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> FieldResult<T>) -> Option<T> {
        let value = self.object.get(name).filter(|value| !value.is_null())?;
        self.read(name, value, read)
    }

    fn read<T>(&mut self, name: &str, value: &Value, read: impl FnOnce(&Value) -> FieldResult<T>) -> Option<T> {
        let found = read(value).map_err(|reasons| {
            self.reasons.extend(reasons.into_iter().map(|reason| inside(name, reason)));
        });
        found.ok()
    }

    fn fault(&mut self, name: &str, code: FieldErrorCode, detail: &str) {
        self.reasons.push(inside(name, ValueError::new(code, detail)));
    }

    /// Returns the value that was made of the members, or all field errors.
    pub(crate) fn finish<T>(self, value: Option<T>) -> FieldResult<T> {
        value.filter(|_| self.reasons.is_empty()).ok_or(self.reasons)
    }
}

fn inside(place: impl Display, reason: ValueError) -> ValueError {
    ValueError { inside: format!("/{place}{}", reason.inside), ..reason }
}

fn invalid_type<T>(detail: &str) -> FieldResult<T> {
    Err(ValueError::new(FieldErrorCode::InvalidType, detail).into())
}
