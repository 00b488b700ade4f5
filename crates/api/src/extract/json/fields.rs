//! Field access that reports every field error, not only the first.

use serde_json::{Map, Value};

use crate::{
    extract::json::compact,
    problem::{FieldErrorCode, FieldErrors, ToFieldError},
};

/// Why a value was rejected.
pub(crate) struct ValueError {
    /// JSON Pointer from the field to the error. Empty for the field itself.
    pub(crate) inside: String,
    pub(crate) code: FieldErrorCode,
    pub(crate) detail: String,
}

impl ValueError {
    pub(crate) fn new(code: FieldErrorCode, detail: impl Into<String>) -> Self {
        Self { inside: String::new(), code, detail: detail.into() }
    }

    pub(crate) fn of(error: &impl ToFieldError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<ValueError> for Vec<ValueError> {
    fn from(reason: ValueError) -> Self {
        vec![reason]
    }
}

/// The result of reading a field.
pub(crate) type FieldResult<T> = Result<T, Vec<ValueError>>;

pub(crate) struct Fields<'a> {
    /// The body as received.
    text: &'a str,
    object: &'a Map<String, Value>,
    faults: &'a mut FieldErrors,
    /// Pointers of the fields that were read. Most errors in other fields are ignored.
    asked: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(text: &'a str, object: &'a Map<String, Value>, faults: &'a mut FieldErrors) -> Self {
        Self { text, object, faults, asked: Vec::new() }
    }

    /// Drops the field errors of fields that were not read.
    pub(crate) fn finish(self) {
        self.faults.retain_within(&self.asked);
    }

    fn get(&mut self, name: &str) -> Option<&'a Value> {
        self.asked.push(pointer(name));
        self.object.get(name)
    }

    /// Reads a required field. `None` implies a recorded field error.
    pub(crate) fn required<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> FieldResult<T>) -> Option<T> {
        match self.get(name) {
            None => {
                self.fault(name, FieldErrorCode::Required, "is required");
                None
            }
            Some(value) => self.read(name, value, read),
        }
    }

    /// Reads an optional field. `null` is equal to an absent field.
    pub(crate) fn optional<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> FieldResult<T>) -> Option<T> {
        let value = self.get(name).filter(|value| !value.is_null())?;
        self.read(name, value, read)
    }

    /// Reads a required object and keeps it as text.
    pub(crate) fn required_object<T: TryFrom<String, Error: ToFieldError>>(&mut self, name: &str) -> Option<T> {
        let body = self.text;
        self.required(name, |value| object(body, name, value))
    }

    /// Reads an optional object and keeps it as text. `null` is equal to an absent field.
    pub(crate) fn optional_object<T: TryFrom<String, Error: ToFieldError>>(&mut self, name: &str) -> Option<T> {
        let body = self.text;
        self.optional(name, |value| object(body, name, value))
    }

    /// Reads a field of an update. An absent field (`None`) keeps the value, `null` (`Some(None)`) removes it.
    #[expect(
        clippy::option_option,
        reason = "absent, removed and replaced are three answers, and the domains name them so"
    )]
    pub(crate) fn patch<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> FieldResult<T>) -> Option<Option<T>> {
        match self.get(name)? {
            Value::Null => Some(None),
            value => self.read(name, value, read).map(Some),
        }
    }

    /// Returns whether the field is present and not `null`. The value may be invalid.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|value| !value.is_null())
    }

    /// Records a field error that does not come from a single value. An empty name stands for the whole body.
    pub(crate) fn fault(&mut self, name: &str, code: FieldErrorCode, detail: &str) {
        self.faults.add(pointer(name), code, detail);
    }

    fn read<T>(&mut self, name: &str, value: &Value, read: impl FnOnce(&Value) -> FieldResult<T>) -> Option<T> {
        let reasons = match read(value) {
            Ok(value) => return Some(value),
            Err(reasons) => reasons,
        };
        for reason in reasons {
            self.faults.add(pointer(name) + &reason.inside, reason.code, reason.detail);
        }
        None
    }
}

/// Checks the type in the parsed tree and takes the text from the body.
fn object<T: TryFrom<String, Error: ToFieldError>>(body: &str, name: &str, value: &Value) -> FieldResult<T> {
    let text = if value.is_object() { compact::member(body, name) } else { None };
    let text = text.ok_or_else(|| ValueError::new(FieldErrorCode::InvalidType, "must be an object"))?;
    text.try_into().map_err(|error| ValueError::of(&error).into())
}

/// Field names of requests are constants that need no escaping.
fn pointer(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("/{name}") }
}
