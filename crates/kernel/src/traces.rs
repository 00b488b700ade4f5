//! The spans that traces consist of. The binary exports them and no others.

/// The target of the spans of traces. No log line and no span of a library has it.
pub const TRACE_TARGET: &str = "tessera_trace";

/// The names of the spans that begin a trace or continue that of a client. All other spans are created only inside of them.
pub const ROOT_SPANS: [&str; 2] = ["request", "mail"];
