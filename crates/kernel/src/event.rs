//! Audit entries, which are written in the transaction of the change that they record.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Actor, ActsAs, EventId, OrganizationId, Page, PageRequest, Principal, RateLimit, RequestMetadata, StoreError,
    SystemPorts,
};

/// The result of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The action was performed.
    Success,
    /// The action was denied.
    Refused,
}

impl Outcome {
    /// The name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
        }
    }
}

/// The part of an audit entry that a domain provides: the action, without the actor and the request metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The stable name of the action: the object, a dot, and a past participle.
    pub name: &'static str,
    /// The result of the action.
    pub outcome: Outcome,
    /// The organization whose owners and administrators can read the entry.
    pub organization: Option<OrganizationId>,
    /// The id of the object of the action.
    pub subject: Option<Uuid>,
    /// Further facts. They never contain a secret.
    pub details: Vec<(&'static str, String)>,
}

impl AuditEntry {
    /// A performed action.
    #[must_use]
    pub const fn success(name: &'static str, subject: Uuid) -> Self {
        Self { name, outcome: Outcome::Success, organization: None, subject: Some(subject), details: Vec::new() }
    }

    /// An action that was denied because of a missing permission.
    #[must_use]
    pub const fn denied(subject: Option<Uuid>) -> Self {
        Self { name: "permission.denied", outcome: Outcome::Refused, organization: None, subject, details: Vec::new() }
    }

    /// A rejection by a rate limit, the first in its window.
    #[must_use]
    pub fn limit_reached(limit: RateLimit) -> Self {
        let what = Self { name: "limit.reached", ..Self::denied(None) };
        what.with("limit", limit.name)
    }

    /// Sets the organization.
    #[must_use]
    pub const fn within(mut self, organization: OrganizationId) -> Self {
        self.organization = Some(organization);
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.details.push((key, value.to_string()));
        self
    }
}

/// One audit entry. It is written in the transaction of the change that it records. It never changes later, except for
/// the counter `attempts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The id. Its order is the order of time.
    pub id: EventId,
    /// When the action happened.
    pub occurred_at: OffsetDateTime,
    /// The stable name of the action.
    pub name: String,
    /// The result of the action.
    pub outcome: Outcome,
    /// `user` or `api_key`, and the id. `None` for a caller without a credential.
    pub actor: Option<(String, Uuid)>,
    /// The organization of the action.
    pub organization: Option<OrganizationId>,
    /// The id of the object of the action.
    pub subject: Option<Uuid>,
    /// Further facts.
    pub details: Vec<(String, String)>,
    /// The metadata of the request.
    pub origin: RequestMetadata,
    /// How many denied attempts the entry counts (see [`Event::attempts_key`]). 1 for all other entries.
    pub attempts: u64,
}

impl Event {
    /// The key by which denied attempts are counted: attempts with the same key share one entry. `None` for all other
    /// entries.
    ///
    /// The key consists of the minute, the caller, the organization and the action. The action is its name and those
    /// details that have few possible values. The caller is the actor. Without an actor, the caller is the network
    /// together with the targeted account: this separates attempts on different accounts, and only existing accounts
    /// are subjects of such entries. The key excludes the subject of an actor's attempt and all other details, because
    /// the caller can choose them freely.
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

    /// Details of denied attempts whose values the service defines: its routes, methods, reasons and limits.
    const FEW_VALUES: [&str; 4] = ["method", "route", "reason", "limit"];

    /// An audit entry of an actor.
    #[must_use]
    pub fn by(actor: &Actor, what: impl Into<AuditEntry>, system: &SystemPorts) -> Self {
        let mut what = what.into();
        if let Principal::OrganizationKey { acts_as, .. } = &actor.principal {
            what.details.push(match acts_as {
                ActsAs::Member { user, .. } => ("acting_user_id", user.to_string()),
                ActsAs::ServiceAccount { account, .. } => ("acting_service_account_id", account.to_string()),
            });
        }
        let who = match &actor.principal {
            Principal::User { id, .. } => ("user".to_owned(), id.as_uuid()),
            Principal::Application { key, .. } | Principal::OrganizationKey { key, .. } => {
                ("api_key".to_owned(), key.as_uuid())
            }
        };
        Self { actor: Some(who), ..Self::by_anonymous(&actor.origin, what, system) }
    }

    /// An audit entry of a caller without a credential.
    #[must_use]
    pub fn by_anonymous(origin: &RequestMetadata, what: impl Into<AuditEntry>, system: &SystemPorts) -> Self {
        let what = what.into();
        Self {
            id: EventId::generate(system),
            occurred_at: system.now(),
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

/// The writing side of the audit trail, as part of a domain transaction.
#[async_trait]
pub trait EventLog: Send {
    /// Adds an entry. It becomes visible when the transaction commits, and is discarded if the transaction does not
    /// commit. It stays when the objects that it names are deleted. The details keep their order.
    ///
    /// A denied attempt adds an entry only if none with its [`Event::attempts_key`] exists. Otherwise the counter
    /// `attempts` of that entry grows by one and nothing else changes. One statement decides this: of concurrent
    /// attempts on any nodes, one adds the entry and all are counted.
    async fn append(&mut self, event: &Event) -> Result<(), StoreError>;
}

/// The audit trail outside of domain transactions: for reading, and for denied attempts, which change nothing.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// Adds an entry outside of a transaction, with the rules of [`EventLog::append`]. The entry is durable when this
    /// returns.
    async fn record(&self, event: &Event) -> Result<(), StoreError>;

    /// The entries of one organization (`Some`) or of no organization (`None`), in ascending order of their ids.
    async fn list_events(
        &self,
        organization: Option<OrganizationId>,
        page: PageRequest,
    ) -> Result<Page<Event>, StoreError>;
}
