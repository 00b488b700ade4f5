//! Types that all domains share, without business rules.
//!
//! A type belongs here only if at least two crates use it. Nothing in this crate does I/O: time and random bytes come
//! from [`Clock`] and [`Entropy`], and domains reach storage through ports that they declare.
#![warn(missing_docs)]

mod access;
mod accounts;
mod actor;
mod cidr;
mod clock;
mod credential;
mod document;
mod email;
mod entropy;
mod error_enum;
mod event;
mod event_names;
mod id;
mod idempotency;
mod key_scope;
mod limits;
mod link_token;
mod log_context;
mod membership;
mod metrics;
mod mfa;
mod node_limits;
mod page;
mod permission;
mod precondition;
mod product_name;
mod rfc3339;
mod secret;
mod secret_hash;
pub mod secret_text;
mod secret_token;
mod steps;
mod store;
mod system;
pub mod text;
mod traces;
mod transaction;
mod wallet;

pub use access::{
    AccessError, AccessKind, Acting, ActingParty, CreateError, CurrentOrganizationError, Requirement, Scope, permit,
};
pub use accounts::{AccountError, Accounts, InvitedAccount, InvitedUser, PasswordFault, PreparedAccount};
pub use actor::{
    Actor, ActsAs, ClientRequestId, FRESH, Principal, RequestId, RequestIdError, RequestMetadata, is_recent,
};
pub use cidr::{Cidr, CidrError};
pub use clock::{Clock, StoreClock, truncate_to_micros};
pub use credential::{CredentialStatus, Validity};
pub use document::{
    DataDocument, Document, DocumentChange, DocumentError, DocumentWrite, DocumentWriteError, MergePatch,
    VersionedDocument,
};
pub use email::{EmailAddress, EmailError};
pub use entropy::Entropy;
pub use event::{AuditEntry, AuditTrail, Event, EventLog, Outcome};
pub use id::{
    ApiKeyId, ApplicationId, CeremonyId, CreatorId, EventId, IdError, InvitationClaimId, InvitationId, ItemId, MailId,
    OrganizationId, PasskeyId, ResetRequestId, ServiceAccountId, SessionId, UserId,
};
pub use idempotency::{
    ClaimStatus, IdempotencyClaim, IdempotencyKey, IdempotencyKeyError, IdempotencyKeys, IdempotencyPorts,
    IdempotencySeal, SealFault, running as idempotent_request,
};
pub use key_scope::{KeyScope, KeyScopeError};
pub use limits::{
    Bound, Counted, Network, Quota, QuotaExceeded, RateLimit, RateLimitError, RateLimited, RateLimits,
    guesses::{CountedGuess, Guess, GuessLimits},
    table as limit,
};
pub use link_token::{LinkToken, LinkTokenError};
pub use log_context::{LogContext, log_context, logged_in};
pub use membership::{ApplicationRole, MemberAccess, Memberships, Role, RoleError};
pub use metrics::{Counter, Gauge, Histogram};
pub use mfa::{FactorMethod, MfaRequired};
pub use node_limits::{NodeLimits, Unlimited};
pub use page::{Limit, LimitError, Page, PageRequest};
pub use permission::{Permission, PermissionError, PermissionSet};
pub use precondition::Precondition;
pub use product_name::ProductName;
pub use rfc3339::rfc3339;
pub use secret::Secret;
pub use secret_hash::{KeyedDigest, SecretDigest, SecretHash};
pub use secret_token::{SecretToken, SecretTokenError};
pub use steps::{ROWS_PER_STEP, STEPS_PER_RUN, delete_in_steps};
pub use store::{OnConflict, StoreError};
pub use system::SystemPorts;
pub use traces::{ROOT_SPANS, TRACE_TARGET};
pub use transaction::Transaction;
pub use wallet::{
    AcceptedWallet, Chain, ChainError, Namespace, OtherChain, SupportedChains, UnsupportedChain, WalletAccount,
    WalletAddress, WalletAddressError, WalletSignature, WalletSignatureError,
};
