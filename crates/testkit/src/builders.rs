//! Builders of fully populated entities. Each entity is identified by a number; a higher number gives a greater id.
//!
//! A test sets the fields under test with struct update syntax: `User { email: None, ..user(1) }`.

mod actors;
mod addresses;
mod apps;
mod documents;
mod passkeys;
mod resets;
mod sso;

use tessera_identity::{
    model::{
        Challenge, Device, DeviceLabel, Purpose, Session, SessionState, SignInMethod, SignInMethods, Site, User, Wallet,
    },
    ports::Requester,
};
use tessera_kernel::{
    AcceptedWallet, ApiKeyId, ApplicationId, Chain, Event, EventId, InvitationId, ItemId, MailId, OrganizationId,
    Outcome, RequestMetadata, Role, Secret, SecretHash, ServiceAccountId, SessionId, SupportedChains, SystemPorts,
    UserId, WalletAccount, WalletAddress,
};
use tessera_orgs::model::{Invitation, InvitationState, Membership, Organization};
use tessera_outbox::SealedMail;
use tessera_sso::model::{KeyId, PublicKey, SigningKey};
use time::{Duration, OffsetDateTime};

use crate::{
    expectations::{ok, parsed},
    fakes::{FixedClock, SequentialEntropy},
};

pub use actors::{
    actor_at, actor_by_key, actor_by_personal_key, actor_by_service_account, actor_of, actor_with, key_actor,
};
pub use addresses::{email_change, email_proof, pending_registration};
pub use apps::{
    PERMISSIONS, api_key, application, bare_item_change, catalogue, item_change, item_made_by, key_hash, key_use,
    organization_key, permissions, secret_use, service_account,
};
pub use documents::{data_document, document, merge, replace};
pub use passkeys::{ceremony, passkey};
pub use resets::{password_reset, reset_request};
pub use sso::{sso_challenge, sso_code, sso_request, sso_session};

/// Creation time of all built entities. It has microseconds, which storage must preserve.
pub const NOW: OffsetDateTime = FixedClock::NOW;

/// An id in the format of `generate`. Ids are ordered by number.
fn id<T>(kind: u64, number: u32, generate: impl Fn(&SystemPorts) -> T) -> T {
    let clock = FixedClock::new(NOW + Duration::milliseconds(i64::from(number)));
    generate(&SystemPorts::new(clock, SequentialEntropy::starting_at((kind << 32) | u64::from(number))))
}

/// The id of [`user`] with the same number.
#[must_use]
pub fn user_id(number: u32) -> UserId {
    id(1, number, UserId::generate)
}

/// The id of [`session`] with the same number.
#[must_use]
pub fn session_id(number: u32) -> SessionId {
    id(2, number, SessionId::generate)
}

/// The id of [`organization`] with the same number.
#[must_use]
pub fn organization_id(number: u32) -> OrganizationId {
    id(3, number, OrganizationId::generate)
}

/// The id of [`application`] with the same number.
#[must_use]
pub fn application_id(number: u32) -> ApplicationId {
    id(4, number, ApplicationId::generate)
}

/// The id of [`api_key`] with the same number.
#[must_use]
pub fn api_key_id(number: u32) -> ApiKeyId {
    id(5, number, ApiKeyId::generate)
}

/// The id of [`service_account`] with the same number.
#[must_use]
pub fn service_account_id(number: u32) -> ServiceAccountId {
    id(10, number, ServiceAccountId::generate)
}

/// The id of [`item_change`] with the same number.
#[must_use]
pub fn item_id(number: u32) -> ItemId {
    id(6, number, ItemId::generate)
}

/// The id of [`event`] with the same number.
#[must_use]
pub fn event_id(number: u32) -> EventId {
    id(7, number, EventId::generate)
}

/// The id of [`invitation`] with the same number.
#[must_use]
pub fn invitation_id(number: u32) -> InvitationId {
    id(8, number, InvitationId::generate)
}

/// The id of [`mail`] with the same number.
#[must_use]
pub fn mail_id(number: u32) -> MailId {
    id(9, number, MailId::generate)
}

/// A user with a complete profile and the address `user<number>@example.com`.
#[must_use]
pub fn user(number: u32) -> User {
    User {
        id: user_id(number),
        email: Some(parsed(&format!("user{number}@example.com"))),
        email_verified: true,
        display_name: Some(parsed(&format!("Zoë Ångström {number} 🦀"))),
        first_name: Some(parsed("Zoë")),
        last_name: Some(parsed("Ångström")),
        avatar_url: Some(parsed(&format!("https://cdn.example.com/{number}.png"))),
        wallets: Vec::new(),
        created_at: NOW,
        updated_at: NOW + Duration::microseconds(1),
    }
}

/// A user with an empty profile, as created by a wallet sign-in.
#[must_use]
pub fn bare_user(number: u32) -> User {
    User {
        email: None,
        email_verified: false,
        display_name: None,
        first_name: None,
        last_name: None,
        avatar_url: None,
        ..user(number)
    }
}

/// The wallet account with the number on the chain. All chains of one namespace use the same address.
#[must_use]
pub fn wallet_account(number: u32, chain: Chain) -> WalletAccount {
    let mut bytes = [0xA5; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    let address = match chain {
        Chain::Solana => WalletAddress::Solana(bytes),
        _ => WalletAddress::Evm(ok(bytes[..20].try_into())),
    };
    ok(WalletAccount::parse(chain, &address.to_string()))
}

/// The wallet account, of a chain that is accepted.
#[must_use]
pub fn accepted(account: WalletAccount) -> AcceptedWallet {
    ok(SupportedChains::with([account.chain()]).accept(account))
}

/// A wallet on Ethereum. Wallets with higher numbers were linked later.
#[must_use]
pub fn wallet(number: u32) -> Wallet {
    let linked_at = NOW + Duration::microseconds(i64::from(number));
    Wallet { account: wallet_account(number, Chain::Ethereum), linked_at }
}

/// The site of the service under test.
#[must_use]
pub fn site() -> Site {
    Site::of("https://accounts.example.com/tessera")
}

/// An open sign-in challenge on the chain.
#[must_use]
pub fn challenge(number: u32, chain: Chain) -> Challenge {
    let entropy = SequentialEntropy::starting_at((8 << 32) | u64::from(number));
    Challenge::new(Purpose::SignIn, wallet_account(number, chain), &site(), NOW, &entropy)
}

/// The id of [`signing_key`] with the same number.
#[must_use]
pub fn key_id(number: u32) -> KeyId {
    parsed(&format!("key-{number}"))
}

/// A key without a successor that starts to sign `number` seconds after [`NOW`]. It has no usable key material.
#[must_use]
pub fn signing_key(number: u32) -> SigningKey {
    SigningKey {
        id: key_id(number),
        public: PublicKey { modulus: format!("modulus-{number}"), exponent: "AQAB".to_owned() },
        sealed: Secret::new(number.to_be_bytes().to_vec()),
        created_at: NOW,
        signs_from: NOW + Duration::seconds(i64::from(number)),
        retirement: None,
    }
}

/// An open session with a lifetime of twelve hours.
#[must_use]
pub fn session(number: u32, of: UserId) -> Session {
    Session {
        id: session_id(number),
        user_id: of,
        state: SessionState::Open,
        created_at: NOW,
        last_used_at: NOW,
        expires_at: NOW + Duration::hours(12),
        authenticated_at: NOW,
        methods: SignInMethods::of(SignInMethod::Password),
        name: None,
        device: DeviceLabel::default(),
        address: None,
        refresh: None,
    }
}

/// An organization with the slug `org-<number>`.
#[must_use]
pub fn organization(number: u32) -> Organization {
    Organization {
        mfa_required: false,
        id: organization_id(number),
        name: parsed(&format!("Österreichische Werke {number}")),
        slug: parsed(&format!("org-{number}")),
        created_at: NOW,
        updated_at: NOW + Duration::microseconds(2),
    }
}

/// A membership with the role. All members see its profile.
#[must_use]
pub fn membership(organization: OrganizationId, user: UserId, role: Role) -> Membership {
    let joined_at = NOW + Duration::microseconds(3);
    let (profile_visible_at, opened_at) = (Some(joined_at), Some(joined_at));
    Membership { organization_id: organization, user_id: user, role, joined_at, profile_visible_at, opened_at }
}

/// An open invitation of `guest<number>@example.com` as member, and the hash of its token.
#[must_use]
pub fn invitation(number: u32, of: OrganizationId, by: UserId) -> (Invitation, SecretHash) {
    let invitation = Invitation {
        id: invitation_id(number),
        organization_id: of,
        email: parsed(&format!("Guest{number}@Example.com")),
        role: Role::Member,
        state: InvitationState::Open,
        invited_by: by,
        created_at: NOW,
        expires_at: NOW + Invitation::TTL,
        claim: None,
    };
    (invitation, token_hash(number))
}

/// A token hash for which no token exists.
#[must_use]
pub fn token_hash(number: u32) -> SecretHash {
    let mut hash = [0xB4; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    SecretHash::from_bytes(hash)
}

/// A mail that expires after one day. Each number is created one second after the previous one.
#[must_use]
pub fn mail(number: u32) -> SealedMail {
    let created_at = NOW + Duration::seconds(i64::from(number));
    SealedMail {
        id: mail_id(number),
        recipient: parsed(&format!("Guest{number}@example.com")),
        sealed: vec![0, 1, 254, 255],
        created_at,
        expires_at: created_at + Duration::DAY,
    }
}

/// A user's audit entry that belongs to no organization.
#[must_use]
pub fn event(number: u32) -> Event {
    Event {
        id: event_id(number),
        occurred_at: NOW + Duration::microseconds(i64::from(number)),
        name: "thing.done".to_owned(),
        outcome: Outcome::Success,
        actor: Some(("user".to_owned(), user_id(number).as_uuid())),
        organization: None,
        subject: Some(user_id(number).as_uuid()),
        details: vec![("zeta".to_owned(), "ä \"quoted\"".to_owned()), ("alpha".to_owned(), String::new())],
        origin: origin(),
        attempts: 1,
    }
}

/// Request metadata with an address from a documentation range (RFC 5737).
#[must_use]
pub fn origin() -> RequestMetadata {
    RequestMetadata {
        request_id: parsed("req-1"),
        client_request_id: Some(parsed("client-1")),
        address: Some(parsed("192.0.2.7")),
    }
}

/// A device in the network of [`origin`].
#[must_use]
pub fn device() -> Device {
    Device::seen(Some("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"), origin().address)
}

/// An anonymous requester in the network of [`origin`].
#[must_use]
pub fn requester() -> Requester {
    Requester::unknown(&origin())
}
