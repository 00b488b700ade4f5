//! What has happened, written down with the fact itself.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Actor, Clock, Entropy, EventId, OrganizationId, Origin, Page, PageRequest, Principal, StoreError};

/// How the deed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// The outcome's name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
        }
    }
}

/// What a domain announces: the deed without the circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// A stable name: the thing, a dot, the past participle.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// The organization whose owners and administrators may read of it.
    pub organization: Option<OrganizationId>,
    /// The thing it was done to.
    pub subject: Option<Uuid>,
    /// Further facts, never a secret.
    pub details: Vec<(&'static str, String)>,
}

impl Announcement {
    /// A deed that was done.
    #[must_use]
    pub const fn success(name: &'static str, subject: Uuid) -> Self {
        Self { name, outcome: Outcome::Success, organization: None, subject: Some(subject), details: Vec::new() }
    }

    /// A deed that was refused for lack of a permission.
    #[must_use]
    pub const fn denied(subject: Option<Uuid>) -> Self {
        Self { name: "permission.denied", outcome: Outcome::Refused, organization: None, subject, details: Vec::new() }
    }

    /// The same, inside an organization.
    #[must_use]
    pub const fn within(mut self, organization: OrganizationId) -> Self {
        self.organization = Some(organization);
        self
    }

    /// The same, with one more fact.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.details.push((key, value.to_string()));
        self
    }
}

/// One row of the audit trail. It is written in the transaction of the fact it tells and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Ordered by time.
    pub id: EventId,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// The deed's stable name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// `user` or `api_key`, and its id; `None` for a visitor.
    pub actor: Option<(String, Uuid)>,
    /// The organization it happened in.
    pub organization: Option<OrganizationId>,
    /// The thing it was done to.
    pub subject: Option<Uuid>,
    /// Further facts.
    pub details: Vec<(String, String)>,
    /// The request that did it, and its address.
    pub origin: Origin,
    /// How many denied attempts the entry counts: see [`Event::attempts_key`]. 1 for everything else.
    pub attempts: u64,
}

impl Event {
    /// What a denied attempt is counted by: attempts with the same key share one entry. `None` for everything else.
    ///
    /// The key consists of the minute, the caller, the organization and the action: its name, and those details that have
    /// few possible values. The caller is the actor. Without an actor it is the network, together with the account that was
    /// aimed at: this keeps attempts on different accounts apart, and only existing accounts are subjects of such entries.
    /// The subject of an actor's attempt and all other details do not count, because the caller can invent them.
    #[must_use]
    pub fn attempts_key(&self) -> Option<String> {
        if self.outcome != Outcome::Refused {
            return None;
        }
        let caller = if let Some((kind, id)) = &self.actor {
            format!("{kind}:{id}")
        } else {
            let network = self.origin.network().map_or_else(String::new, |network| network.to_string());
            let subject = self.subject.map_or_else(String::new, |subject| subject.to_string());
            format!("{network}>{subject}")
        };
        let minute = self.occurred_at.unix_timestamp().div_euclid(60);
        let organization = self.organization.map_or_else(String::new, |id| id.to_string());
        let mut key = format!("{minute} {caller} {organization} {}", self.name);
        for (_, value) in self.details.iter().filter(|(name, _)| Self::FEW_VALUES.contains(&name.as_str())) {
            key.push(' ');
            key.push_str(value);
        }
        Some(key)
    }

    /// Details of denied attempts that only the service chooses: from its routes, its methods and its reasons.
    const FEW_VALUES: [&str; 3] = ["method", "route", "reason"];

    /// The deed of an actor.
    #[must_use]
    pub fn by(actor: &Actor, what: Announcement, clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        let who = match &actor.principal {
            Principal::User { id, .. } => ("user".to_owned(), id.as_uuid()),
            Principal::Application { key, .. } => ("api_key".to_owned(), key.as_uuid()),
        };
        Self { actor: Some(who), ..Self::by_visitor(&actor.origin, what, clock, entropy) }
    }

    /// The deed of somebody without a credential.
    #[must_use]
    pub fn by_visitor(origin: &Origin, what: Announcement, clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        Self {
            id: EventId::generate(clock, entropy),
            occurred_at: clock.now(),
            name: what.name.to_owned(),
            outcome: what.outcome,
            actor: None,
            organization: what.organization,
            subject: what.subject,
            details: what.details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            origin: origin.clone(),
            attempts: 1,
        }
    }
}

/// The writing side of the audit trail, a part of each domain's transaction.
#[async_trait]
pub trait EventLog: Send {
    /// Adds an event. It becomes visible with the commit of the transaction, and not at all without it.
    ///
    /// A denied attempt adds an entry only if there is none with its [`Event::attempts_key`]. Otherwise the counter
    /// `attempts` of that entry grows by one and nothing else changes. One statement decides, so of attempts that arrive at
    /// the same time, on any node, one adds the entry and all are counted.
    async fn append(&mut self, event: &Event) -> Result<(), StoreError>;
}

/// The audit trail by itself: for reading, and for what belongs to no transaction because nothing was done.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// Adds an event by itself, as [`EventLog::append`] does. It is durable once this returns.
    async fn record(&self, event: &Event) -> Result<(), StoreError>;

    /// The events of one organization (`Some`) or of none (`None`), in ascending order of their id.
    async fn list_events(
        &self,
        organization: Option<OrganizationId>,
        page: PageRequest,
    ) -> Result<Page<Event>, StoreError>;
}
