//! Field access that reports every field error, not only the first.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::openapi::{RefOr, Schema};

use crate::{
    extract::json::{compact, limits},
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

/// A JSON value of a request: its reader and its schema.
pub(crate) trait RequestValue: Sized {
    /// The maximum size in bytes of a body with such a value.
    const MAX_BYTES: usize = limits::DEFAULT;

    fn read(member: &Member<'_>) -> FieldResult<Self>;
    fn schema() -> RefOr<Schema>;
}

/// A field of an update. An absent field (`None`) keeps the value, `null` (`Some(None)`) removes it.
pub(crate) type Patch<T> = Option<Option<T>>;

/// A member of a body.
pub(crate) struct Member<'a> {
    /// The body as received.
    body: &'a str,
    name: &'a str,
    pub(crate) value: &'a Value,
    /// When the request arrived.
    pub(crate) at: OffsetDateTime,
}

impl Member<'_> {
    /// Returns the value as compact JSON.
    pub(super) fn compact(&self) -> Option<String> {
        compact::member(self.body, self.name)
    }
}

pub(crate) struct Fields<'a> {
    /// The body as received.
    text: &'a str,
    object: &'a Map<String, Value>,
    faults: &'a mut FieldErrors,
    /// Pointers of the fields that were read. Most errors in other fields are ignored.
    asked: Vec<String>,
    /// When the request arrived.
    at: OffsetDateTime,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(
        text: &'a str,
        object: &'a Map<String, Value>,
        faults: &'a mut FieldErrors,
        at: OffsetDateTime,
    ) -> Self {
        Self { text, object, faults, asked: Vec::new(), at }
    }

    /// Drops the field errors of fields that were not read. Rejects those of them that are fields of the resource:
    /// `members` returns all fields of the resource. It is called only if the body has fields that were not read.
    pub(crate) fn finish(self, members: fn() -> Vec<String>) {
        let Self { object, faults, asked, .. } = self;
        faults.retain_within(&asked);
        let mut unread = object.keys().filter(|name| !asked.contains(&pointer(name))).peekable();
        if unread.peek().is_some() {
            let members = members();
            for name in unread.filter(|name| members.contains(name)) {
                faults.add(pointer(name), FieldErrorCode::ReadOnly, READ_ONLY);
            }
        }
    }

    fn get(&mut self, name: &str) -> Option<&'a Value> {
        self.asked.push(pointer(name));
        self.object.get(name)
    }

    /// Reads a required field. `None` implies a recorded field error.
    pub(crate) fn required<T: RequestValue>(&mut self, name: &str) -> Option<T> {
        match self.get(name) {
            None => {
                self.fault(name, FieldErrorCode::Required, "is required");
                None
            }
            Some(value) => self.read(name, value),
        }
    }

    /// Reads an optional field. `null` is equal to an absent field.
    pub(crate) fn optional<T: RequestValue>(&mut self, name: &str) -> Option<T> {
        let value = self.get(name).filter(|value| !value.is_null())?;
        self.read(name, value)
    }

    /// Reads a field of an update.
    pub(crate) fn patch<T: RequestValue>(&mut self, name: &str) -> Patch<T> {
        match self.get(name)? {
            Value::Null => Some(None),
            value => self.read(name, value).map(Some),
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

    /// Records the error of a value that was parsed with the help of another field.
    pub(crate) fn invalid(&mut self, name: &str, error: &impl ToFieldError) {
        self.fault(name, error.code(), &error.to_string());
    }

    fn read<T: RequestValue>(&mut self, name: &str, value: &Value) -> Option<T> {
        let reasons = match T::read(&Member { body: self.text, name, value, at: self.at }) {
            Ok(value) => return Some(value),
            Err(reasons) => reasons,
        };
        for reason in reasons {
            self.faults.add(pointer(name) + &reason.inside, reason.code, reason.detail);
        }
        None
    }
}

const READ_ONLY: &str = "cannot be set by this operation; send the body without it";

/// Field names of requests are constants that need no escaping.
fn pointer(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("/{name}") }
}
