//! The findings as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{finding::Status, runner::Examined};

/// The longest name of a check.
const WIDTH: usize = 12;

/// One line for each check, and one line of advice for each warning and failure.
pub(super) fn text(findings: &[Examined]) -> String {
    let mut lines = String::new();
    for Examined { check, finding } in findings {
        let status = match finding.status {
            Status::Ok => "ok",
            Status::Warn => "warn",
            Status::Fail => "FAIL",
            Status::Skip => "skip",
        };
        // Writing to a string can't fail.
        let _ok = writeln!(lines, "{status:4}  {check:WIDTH$}  {}", one_line(&finding.detail));
        if let Some(advice) = &finding.advice {
            let _ok = writeln!(lines, "      {:WIDTH$}  -> {}", "", one_line(advice));
        }
    }
    lines
}

/// A JSON array with one object for each check.
pub(super) fn json(findings: &[Examined]) -> serde_json::Result<String> {
    let of_one = |Examined { check, finding }: &Examined| {
        let status = match finding.status {
            Status::Ok => "ok",
            Status::Warn => "warn",
            Status::Fail => "fail",
            Status::Skip => "skip",
        };
        json!({ "check": check, "status": status, "detail": finding.detail, "advice": finding.advice })
    };
    let all: Vec<Value> = findings.iter().map(of_one).collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&all)?))
}

/// A detail may contain the text of a server, which must not control the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Finding;

    #[test]
    fn each_finding_is_one_line_and_its_advice_another() {
        let findings = [
            Examined { check: "clock", finding: Finding::ok("0.1 s") },
            Examined { check: "mail", finding: Finding::fail("550\r\n\u{1b}[2Jno", "set TESSERA_SMTP_URL") },
        ];
        let expected =
            "ok    clock         0.1 s\nFAIL  mail          550   [2Jno\n                    -> set TESSERA_SMTP_URL\n";
        assert_eq!(text(&findings), expected);
        let parsed: Value = json(&findings).and_then(|text| serde_json::from_str(&text)).unwrap_or_default();
        assert_eq!(parsed[0], json!({"check": "clock", "status": "ok", "detail": "0.1 s", "advice": null}));
    }
}
