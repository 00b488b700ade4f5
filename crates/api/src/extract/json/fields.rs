//! Reading the fields of an object so that every fault is found, not only the first.

use serde_json::{Map, Value};

use crate::{
    extract::json::compact,
    problem::{FaultCode, Faults, Flaw},
};

/// Why a value was not taken.
pub(crate) struct Reason {
    /// From the field to the fault, as a JSON Pointer; empty for the field itself.
    pub(crate) inside: String,
    pub(crate) code: FaultCode,
    pub(crate) detail: String,
}

impl Reason {
    pub(crate) fn new(code: FaultCode, detail: impl Into<String>) -> Self {
        Self { inside: String::new(), code, detail: detail.into() }
    }

    pub(crate) fn of(flaw: &impl Flaw) -> Self {
        Self::new(flaw.code(), flaw.to_string())
    }
}

impl From<Reason> for Vec<Reason> {
    fn from(reason: Reason) -> Self {
        vec![reason]
    }
}

/// What became of a field.
pub(crate) type Reading<T> = Result<T, Vec<Reason>>;

/// The fields of an object.
pub(crate) struct Fields<'a> {
    /// The body as it came.
    text: &'a str,
    object: &'a Map<String, Value>,
    faults: &'a mut Faults,
    /// The pointers of those that were asked for: the others are nobody's, whatever they hold.
    asked: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(text: &'a str, object: &'a Map<String, Value>, faults: &'a mut Faults) -> Self {
        Self { text, object, faults, asked: Vec::new() }
    }

    /// Forgets what is wrong with fields that nobody asked for.
    pub(crate) fn finish(self) {
        self.faults.retain_within(&self.asked);
    }

    fn get(&mut self, name: &str) -> Option<&'a Value> {
        self.asked.push(pointer(name));
        self.object.get(name)
    }

    /// A field that must be there. `None` only with a fault.
    pub(crate) fn required<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Reading<T>) -> Option<T> {
        match self.get(name) {
            None => {
                self.fault(name, FaultCode::Required, "must be there");
                None
            }
            Some(value) => self.read(name, value, read),
        }
    }

    /// A field that may be absent, or `null`, which says the same.
    pub(crate) fn optional<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Reading<T>) -> Option<T> {
        let value = self.get(name).filter(|value| !value.is_null())?;
        self.read(name, value, read)
    }

    /// A field that must be there and be an object, which is kept as text.
    pub(crate) fn required_object<T: TryFrom<String, Error: Flaw>>(&mut self, name: &str) -> Option<T> {
        let body = self.text;
        self.required(name, |value| object(body, name, value))
    }

    /// The same for a field that may be absent, or `null`.
    pub(crate) fn optional_object<T: TryFrom<String, Error: Flaw>>(&mut self, name: &str) -> Option<T> {
        let body = self.text;
        self.optional(name, |value| object(body, name, value))
    }

    /// A field of a change: absent leaves what is there, `null` (`Some(None)`) removes it.
    #[expect(
        clippy::option_option,
        reason = "absent, removed and replaced are three answers, and the domains name them so"
    )]
    pub(crate) fn patch<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Reading<T>) -> Option<Option<T>> {
        match self.get(name)? {
            Value::Null => Some(None),
            value => self.read(name, value, read).map(Some),
        }
    }

    /// Whether the field is there, good or not, and not `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|value| !value.is_null())
    }

    /// Notes a fault that no single value shows. An empty name stands for the body as a whole.
    pub(crate) fn fault(&mut self, name: &str, code: FaultCode, detail: &str) {
        self.faults.add(pointer(name), code, detail);
    }

    fn read<T>(&mut self, name: &str, value: &Value, read: impl FnOnce(&Value) -> Reading<T>) -> Option<T> {
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

/// The text of an object. The tree tells what it is, and the body how it was written.
fn object<T: TryFrom<String, Error: Flaw>>(body: &str, name: &str, value: &Value) -> Reading<T> {
    let text = if value.is_object() { compact::member(body, name) } else { None };
    let text = text.ok_or_else(|| Reason::new(FaultCode::InvalidType, "must be an object"))?;
    text.try_into().map_err(|flaw| Reason::of(&flaw).into())
}

/// The names are our own and need no escaping.
fn pointer(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("/{name}") }
}
