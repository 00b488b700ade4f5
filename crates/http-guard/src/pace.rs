//! The time limits for what a client sends.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// How long a request head may take from its first byte, and how long a new connection may be silent.
pub(crate) const HEAD: Duration = Duration::from_secs(10);

/// How long the server waits for a request body before its rate matters.
const BODY_START: Duration = Duration::from_secs(5);

/// The lowest rate of a request body after that, in bytes per second.
const BODY_RATE: u64 = 1024;

/// The input that a connection waits for.
pub(crate) enum Pace {
    /// The first byte of the first request, until this instant.
    Opened(Instant),
    /// The first byte of a further request. The HTTP server closes idle connections itself.
    Between,
    /// The rest of a head. The deadline is set when the connection first waits for the head.
    Head(Option<Instant>),
    Body(Allowance),
}

impl Pace {
    pub(crate) fn opened() -> Self {
        Self::Opened(Instant::now() + HEAD)
    }

    /// Returns whether no byte of a request has arrived since the last one ended.
    pub(crate) fn is_between(&self) -> bool {
        matches!(self, Self::Opened(_) | Self::Between)
    }

    /// Returns the deadline of the current input. `None` if there is none.
    pub(crate) fn deadline(&mut self) -> Option<Instant> {
        match self {
            Self::Opened(deadline) => Some(*deadline),
            Self::Between => None,
            Self::Head(deadline) => Some(*deadline.get_or_insert_with(|| Instant::now() + HEAD)),
            Self::Body(allowance) => Some(allowance.deadline()),
        }
    }
}

/// The remaining time to wait for bytes of a body. Only waiting counts: a service that reads late does not reduce it.
pub(crate) struct Allowance {
    left: Duration,
    waiting_since: Option<Instant>,
}

impl Allowance {
    pub(crate) fn new() -> Self {
        Self { left: BODY_START, waiting_since: None }
    }

    fn deadline(&mut self) -> Instant {
        *self.waiting_since.get_or_insert_with(Instant::now) + self.left
    }

    pub(crate) fn received(&mut self, bytes: usize) {
        if let Some(since) = self.waiting_since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        self.left += Duration::from_micros((bytes as u64).saturating_mul(1_000_000) / BODY_RATE);
    }
}

/// A timer that is created at first use and then reused.
#[derive(Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    pub(crate) fn poll_at(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(context)
    }
}
