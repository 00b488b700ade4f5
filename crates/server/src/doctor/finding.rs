//! The result of a check.

/// How serious a finding is, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Skip,
    Ok,
    Warn,
    Fail,
}

/// What a check has found, and what the operator should do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) status: Status,
    pub(crate) detail: String,
    /// What to type or to set. Warnings and failures have it.
    pub(crate) advice: Option<String>,
}

impl Finding {
    pub(crate) fn ok(detail: impl Into<String>) -> Self {
        Self { status: Status::Ok, detail: detail.into(), advice: None }
    }

    /// The check does not apply, for the reason.
    pub(crate) fn skip(reason: impl Into<String>) -> Self {
        Self { status: Status::Skip, detail: reason.into(), advice: None }
    }

    pub(crate) fn warn(detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: Status::Warn, detail: detail.into(), advice: Some(advice.into()) }
    }

    pub(crate) fn fail(detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: Status::Fail, detail: detail.into(), advice: Some(advice.into()) }
    }

    /// A failure or a warning with the advice, or else a passed check with the same detail.
    pub(crate) fn graded(detail: String, advice: &str, fails: bool, warns: bool) -> Self {
        if fails {
            Self::fail(detail, advice)
        } else if warns {
            Self::warn(detail, advice)
        } else {
            Self::ok(detail)
        }
    }

    /// Combines the findings of one check: the worst status, and the details and the advice of all that have it or are
    /// warnings. Without a warning or a failure, it is `otherwise`.
    pub(crate) fn combined(findings: Vec<Self>, otherwise: Self) -> Self {
        let problems: Vec<Self> = findings.into_iter().filter(|finding| finding.status >= Status::Warn).collect();
        let Some(status) = problems.iter().map(|finding| finding.status).max() else { return otherwise };
        let details: Vec<&str> = problems.iter().map(|finding| finding.detail.as_str()).collect();
        let advice: Vec<&str> = problems.iter().filter_map(|finding| finding.advice.as_deref()).collect();
        Self { status, detail: details.join("; "), advice: Some(advice.join("; ")) }
    }
}

/// The innermost cause of an error: the outer ones say only that the database or the request failed.
pub(crate) fn cause_of(error: impl Into<anyhow::Error>) -> String {
    error.into().root_cause().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combined_findings_have_the_worst_status_and_all_advice() {
        let all = vec![Finding::ok("fine"), Finding::warn("dust", "sweep"), Finding::fail("fire", "leave")];
        let combined = Finding::combined(all, Finding::ok("all is well"));
        assert_eq!(combined, Finding::fail("dust; fire", "sweep; leave"));
        assert_eq!(Finding::combined(vec![Finding::ok("fine")], Finding::ok("all is well")).detail, "all is well");
    }
}
