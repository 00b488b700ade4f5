//! JSON parser that records every violation of I-JSON (RFC 7493).

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use tessera_kernel::DataDocument;

use crate::problem::{Code, FieldErrorCode, FieldErrors, Problem};

/// Maximum nesting depth. The outermost object is level one.
const MAX_DEPTH: usize = 64;
/// Maximum number of entries of an array.
const MAX_ENTRIES: usize = 1000;
/// Maximum number of members of an object. The limit also applies to merged documents.
const MAX_MEMBERS: usize = DataDocument::MAX_MEMBERS;
/// Maximum length of a JSON Pointer in bytes. A longer location is reported as the nearest enclosing value, so that a
/// response does not become larger than its request.
const MAX_POINTER: usize = 512;
const NUMBER_RANGE: &str = "must be a number from -9007199254740991 to 9007199254740991";
/// The largest integer that every JSON parser represents exactly (RFC 7493 section 2.2).
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Parses one JSON text. Field errors are recorded and parsing continues. Parsing stops if the text is not JSON, is
/// nested too deeply, or has a number that the parser cannot represent.
pub(crate) fn parse(text: &str, faults: &mut FieldErrors) -> Result<Value, Problem> {
    let notes = RefCell::new(Notes { faults: std::mem::take(faults), stuck_at: None, too_deep: false });
    let mut parser = serde_json::Deserializer::from_str(text);
    let root = Node { place: Place { parent: None, step: Step::Root }, depth: 0, notes: &notes };
    let parsed = root.deserialize(&mut parser).and_then(|document| parser.end().map(|()| document));
    let notes = notes.into_inner();
    match parsed {
        Ok(document) => {
            *faults = notes.faults;
            Ok(document)
        }
        Err(_) if notes.too_deep => Err(Problem::new(Code::InvalidBody).faults(notes.faults.into_vec())),
        Err(error) if error.to_string().starts_with("number out of range") => {
            // The number is valid JSON, but the parser has no type for it and cannot skip it.
            let mut faults = notes.faults;
            faults.add(notes.stuck_at.unwrap_or_default(), FieldErrorCode::OutOfRange, NUMBER_RANGE);
            Err(Problem::new(Code::InvalidBody).faults(faults.into_vec()))
        }
        Err(error) => Err(malformed(&error, notes.stuck_at)),
    }
}

fn malformed(error: &serde_json::Error, stuck_at: Option<String>) -> Problem {
    let place = format!("at line {}, column {}", error.line(), error.column());
    let detail = if error.is_eof() {
        format!("the JSON text of the body is incomplete: it ends {place}")
    } else {
        format!("the body is not valid JSON {place}")
    };
    let mut faults = FieldErrors::default();
    faults.add(stuck_at.unwrap_or_default(), FieldErrorCode::Malformed, detail.clone());
    Problem::new(Code::MalformedJson).detail(detail).faults(faults.into_vec())
}

struct Notes {
    faults: FieldErrors,
    /// JSON Pointer of the innermost value at which parsing stopped.
    stuck_at: Option<String>,
    too_deep: bool,
}

/// The path from the root to a value. It is on the stack, and becomes a JSON Pointer only for a field error.
#[derive(Clone, Copy)]
struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Member(&'a str),
    Entry(usize),
}

impl Place<'_> {
    fn pointer(&self) -> String {
        let Some(parent) = self.parent else { return String::new() };
        let pointer = parent.pointer();
        let longer = match self.step {
            Step::Root => return pointer,
            Step::Member(name) if name.len() > MAX_POINTER => return pointer,
            Step::Member(name) => format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Entry(index) => format!("{pointer}/{index}"),
        };
        if longer.len() > MAX_POINTER { pointer } else { longer }
    }
}

/// A value that is about to be parsed.
#[derive(Clone, Copy)]
struct Node<'a> {
    place: Place<'a>,
    depth: usize,
    notes: &'a RefCell<Notes>,
}

impl Node<'_> {
    fn fault(&self, code: FieldErrorCode, detail: &str) {
        let faults = &mut self.notes.borrow_mut().faults;
        // Check first: a body full of errors must not allocate a pointer for each of them.
        if !faults.is_full() {
            faults.add(self.place.pointer(), code, detail);
        }
    }

    fn check_text(&self, text: &str) {
        // Not every database can store U+0000. Where one can, C programs read a truncated text.
        if text.contains('\0') {
            self.fault(FieldErrorCode::ForbiddenCharacter, "must not contain the character U+0000");
        }
    }

    fn out_of_range(&self) -> Value {
        self.fault(FieldErrorCode::OutOfRange, NUMBER_RANGE);
        Value::from(0)
    }

    fn inside<'b>(&'b self, step: Step<'b>) -> Node<'b> {
        Node { place: Place { parent: Some(&self.place), step }, depth: self.depth + 1, notes: self.notes }
    }

    fn open<E: Error>(&self) -> Result<(), E> {
        if self.depth < MAX_DEPTH {
            return Ok(());
        }
        self.fault(FieldErrorCode::TooDeep, "must not be nested more than 64 levels deep");
        self.notes.borrow_mut().too_deep = true;
        Err(E::custom("too deep"))
    }

    fn bound(&self, size: usize, most: usize, parts: &str) {
        if size > most {
            self.fault(FieldErrorCode::TooLong, &format!("must have at most {most} {parts}"));
        }
    }

    fn stuck<E>(&self, error: E) -> E {
        let mut notes = self.notes.borrow_mut();
        if notes.stuck_at.is_none() {
            notes.stuck_at = Some(self.place.pointer());
        }
        error
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self).map_err(|error| self.stuck(error))
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(if value.unsigned_abs() > MAX_INTEGER { self.out_of_range() } else { Value::from(value) })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(if value > MAX_INTEGER { self.out_of_range() } else { Value::from(value) })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        const MAX: f64 = 9_007_199_254_740_991.0;
        let number = Number::from_f64(value).filter(|_| value.abs() <= MAX);
        Ok(number.map_or_else(|| self.out_of_range(), Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        self.check_text(&text);
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.open()?;
        let mut list = Vec::new();
        while let Some(value) = entries.next_element_seed(self.inside(Step::Entry(list.len())))? {
            list.push(value);
        }
        self.bound(list.len(), MAX_ENTRIES, "entries");
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.open()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let member = self.inside(Step::Member(&name));
            member.check_text(&name);
            if object.contains_key(&name) {
                member.fault(FieldErrorCode::Duplicate, "is a duplicate");
            }
            let value = members.next_value_seed(member)?;
            object.insert(name, value);
        }
        self.bound(object.len(), MAX_MEMBERS, "members");
        Ok(Value::Object(object))
    }
}
