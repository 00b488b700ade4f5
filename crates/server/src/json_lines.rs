//! Log lines as JSON: one object per line, with stable names.

use std::fmt::{self, Debug};

use serde_json::{Map, Value};
use tessera_adapters::{AUDIT_FIELD, AUDIT_TARGET};
use tessera_kernel::{log_context, rfc3339};
use time::OffsetDateTime;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Formats log lines. The members `timestamp`, `level`, `target`, `message`, `request_id` and `trace_id` are in each line, and
/// the fields of the event follow. The columns of an audit entry are members too.
pub(crate) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        writeln!(writer, "{}", line(event, now()))
    }
}

#[expect(clippy::disallowed_methods, reason = "no port has a part in log lines")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn line(event: &Event<'_>, now: OffsetDateTime) -> Value {
    let metadata = event.metadata();
    let context = log_context();
    let trace_id = context.as_ref().and_then(|context| context.trace_id).map(|id| format!("{id:032x}"));
    let request_id = context.map(|context| context.request_id);
    let mut members = Members::default();
    for (name, value) in [
        ("timestamp", rfc3339(now).into()),
        ("level", metadata.level().as_str().into()),
        ("target", metadata.target().into()),
        ("message", "".into()),
        ("request_id", request_id.as_deref().into()),
        ("trace_id", trace_id.into()),
    ] {
        members.line.insert(name.to_owned(), value);
    }
    members.is_audit = metadata.target() == AUDIT_TARGET;
    event.record(&mut members);
    Value::Object(members.line)
}

#[derive(Default)]
struct Members {
    line: Map<String, Value>,
    is_audit: bool,
}

impl Members {
    /// The members that no field of an event can replace.
    const FIXED: [&'static str; 4] = ["timestamp", "level", "target", "trace_id"];

    fn add(&mut self, field: &Field, value: Value) {
        // A field that is a keyword of the language is recorded with this prefix.
        let name = field.name();
        let name = name.strip_prefix("r#").unwrap_or(name);
        if !Self::FIXED.contains(&name) {
            self.line.insert(name.to_owned(), value);
        }
    }
}

impl Visit for Members {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if self.is_audit && field.name() == AUDIT_FIELD {
            match serde_json::from_str(value) {
                Ok(Value::Object(columns)) => self.line.extend(columns),
                _ => self.add(field, value.into()),
            }
        } else {
            self.add(field, value.into());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    /// Null if it is not finite: JSON has no such number.
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex, PoisonError},
    };

    use serde_json::json;
    use tessera_kernel::{LogContext, logged_in};
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Buffer {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn logged(log: impl FnOnce()) -> Vec<Value> {
        let buffer = Buffer::default();
        let subscriber = tracing_subscriber::fmt().event_format(JsonLines).with_writer(buffer.clone()).finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = buffer.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8(bytes).unwrap_or_else(|error| panic!("{error}"));
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        text.lines().map(parse).collect()
    }

    #[test]
    fn each_line_has_the_stable_members_and_the_fields_of_its_event() {
        let lines = logged(|| tracing::warn!(target: "a", number = 1, r#type = "t", "said"));
        let [line] = &lines[..] else { panic!("{lines:?}") };
        let members: Vec<&String> = line.as_object().into_iter().flatten().map(|(name, _)| name).collect();
        let stable = ["timestamp", "level", "target", "message", "request_id", "trace_id", "number", "type"];
        assert_eq!(members, stable);
        let values = [("level", json!("WARN")), ("target", json!("a")), ("message", json!("said"))];
        for (name, value) in values.into_iter().chain([("number", json!(1)), ("type", json!("t"))]) {
            assert_eq!(line[name], value, "{name}");
        }
        assert!(line["request_id"].is_null() && line["trace_id"].is_null(), "{line}");
    }

    #[test]
    fn any_input_gives_one_valid_line_s197() {
        let texts: Vec<String> = (0..=0x2100).filter_map(char::from_u32).map(|c| format!("\"{c}\\\n}}{{{c}")).collect();
        let lines = logged(|| {
            for text in &texts {
                tracing::info!(text, shown = %text, "{text}");
            }
            tracing::info!(nan = f64::NAN, timestamp = "forged", level = "ERROR", trace_id = "x", "numbers");
        });
        assert_eq!(lines.len(), texts.len() + 1);
        for (line, text) in lines.iter().zip(&texts) {
            assert!(line["text"] == **text && line["shown"] == **text && line["message"] == **text, "{line}");
        }
        let last = &lines[texts.len()];
        assert!(last["nan"].is_null() && last["level"] == "INFO" && last["timestamp"] != "forged", "{last}");
        assert!(last["trace_id"].is_null(), "{last}");
    }

    #[test]
    fn lines_of_a_request_have_its_ids() {
        let context = LogContext { request_id: "r".into(), trace_id: Some(0xa1) };
        let mut work = std::pin::pin!(logged_in(Some(context), async { tracing::info!("inside") }));
        let lines = logged(|| {
            let mut polled = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(work.as_mut().poll(&mut polled).is_ready());
            tracing::info!(request_id = "own", "outside");
        });
        assert_eq!((&lines[0]["request_id"], &lines[1]["request_id"]), (&json!("r"), &json!("own")));
        let ids = (&lines[0]["trace_id"], &lines[1]["trace_id"]);
        assert_eq!(ids, (&json!("000000000000000000000000000000a1"), &Value::Null));
    }

    #[test]
    fn the_columns_of_an_audit_entry_are_members() {
        let entry = r#"{"name":"x","subject":null,"details":{"a":"b"},"request_id":"r"}"#;
        let lines = logged(|| {
            tracing::info!(target: AUDIT_TARGET, entry, "audit entry");
            tracing::info!(target: "other", entry, "no audit entry");
        });
        assert_eq!((&lines[0]["name"], &lines[0]["details"]), (&json!("x"), &json!({"a": "b"})));
        assert!(lines[0]["request_id"] == "r" && lines[0]["entry"].is_null(), "{}", lines[0]);
        assert_eq!(lines[1]["entry"], entry);
    }
}
