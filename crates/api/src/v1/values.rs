//! The values of requests: how each type is read, and its schema.

use serde_json::Value;
use tessera_apikeys::model::{KeyDescription, KeyLifetime};
use tessera_apps::model::{ApplicationDescription, ApplicationName, RedirectUri, RedirectUris};
use tessera_identity::model::{AvatarUrl, DeviceName, DisplayName, Password, PasswordAttempt, PersonName};
use tessera_inventory::model::{ItemDescription, ItemName, Quantity, Sku};
use tessera_kernel::{Chain, Document, EmailAddress, MergePatch, OrganizationId, Role, Secret, UserId};
use tessera_orgs::model::{OrganizationName, Slug};
use tessera_sso::model::{Audience, SsoSessionId};
use utoipa::{
    ToSchema,
    openapi::{Ref, RefOr, Schema},
};

use crate::{
    extract::{FieldResult, Member, RequestValue, ValueError, boolean, integer, limits, list, object, text, values},
    openapi::schema,
    problem::FieldErrorCode,
    v1::enums::RoleName,
};

/// A chain, by its id (EIP-155).
pub(super) struct EvmChain(pub(super) Chain);

/// A secret, which the use case parses.
pub(super) struct SecretText(pub(super) Secret<String>);

/// A signature, which the use case parses.
pub(super) struct SignatureText(pub(super) String);

/// A signature of an EVM wallet, which the use case parses.
pub(super) struct EvmSignatureText(pub(super) String);

/// A code verifier (RFC 7636), which the use case parses.
pub(super) struct VerifierText(pub(super) String);

values! {
    String: text, schema::any_text();
    bool: boolean, schema::boolean();
    OrganizationId: text, schema::id();
    UserId: text, schema::id();
    EmailAddress: text, schema::email();
    Password: text, schema::password();
    PasswordAttempt: |value| Ok(PasswordAttempt::new(&text::<String>(value)?)), schema::password_attempt();
    // The password of a new account or of an existing one. The rules apply only to a new account.
    Secret<String>: |value| text(value).map(Secret::new), schema::password();
    DeviceName: text, schema::line(DeviceName::MAX_LENGTH, "Work laptop");
    DisplayName: text, schema::line(DisplayName::MAX_LENGTH, "Ada");
    PersonName: text, schema::line(PersonName::MAX_LENGTH, "Ada");
    AvatarUrl: text, schema::avatar_url();
    OrganizationName: text, schema::line(OrganizationName::MAX_LENGTH, "Blue Heron Games");
    Slug: text, schema::slug();
    Role: text, Ref::from_schema_name(RoleName::name());
    ApplicationName: text, schema::line(ApplicationName::MAX_LENGTH, "Tide Pools");
    ApplicationDescription: text, schema::lines(ApplicationDescription::MAX_LENGTH, "A puzzle game.");
    RedirectUris: redirect_uris, schema::redirect_uris();
    KeyDescription: text, schema::line(KeyDescription::MAX_LENGTH, "Game server");
    KeyLifetime: integer, schema::key_lifetime();
    Sku: text, schema::identifier(Sku::MAX_LENGTH, "shell-blue");
    ItemName: text, schema::line(ItemName::MAX_LENGTH, "Blue shell");
    ItemDescription: text, schema::lines(ItemDescription::MAX_LENGTH, "Found at low tide.");
    Quantity: integer, schema::quantity();
    Chain: text, schema::chain_type();
    EvmChain: evm_chain, schema::evm_chain_id();
    SsoSessionId: text, schema::sso_session_id();
    Audience: text, schema::audience();
    SecretText: |value| text(value).map(|text| SecretText(Secret::new(text))), schema::any_text();
    SignatureText: |value| text(value).map(SignatureText), schema::wallet_signature();
    EvmSignatureText: |value| text(value).map(EvmSignatureText), schema::evm_signature();
    VerifierText: |value| text(value).map(VerifierText), schema::code_verifier();
}

fn evm_chain(value: &Value) -> FieldResult<EvmChain> {
    let id: i64 = integer(value)?;
    let chain = u64::try_from(id).ok().and_then(Chain::of_id);
    chain.map(EvmChain).ok_or_else(|| {
        let range = format!("must be a chain id from 1 to {}", Chain::MAX_ID);
        ValueError::new(FieldErrorCode::OutOfRange, range).into()
    })
}

fn redirect_uris(value: &Value) -> FieldResult<RedirectUris> {
    let uris = list(RedirectUris::MAX, text::<RedirectUri>)(value)?;
    uris.try_into().map_err(|error| ValueError::of(&error).into())
}

impl<const MAX: usize> RequestValue for Document<MAX> {
    const MAX_BYTES: usize = limits::DOCUMENT;

    fn read(member: &Member<'_>) -> FieldResult<Self> {
        object(member)
    }

    fn schema() -> RefOr<Schema> {
        schema::object().into()
    }
}

impl RequestValue for MergePatch {
    const MAX_BYTES: usize = limits::DOCUMENT;

    fn read(member: &Member<'_>) -> FieldResult<Self> {
        object(member)
    }

    fn schema() -> RefOr<Schema> {
        schema::object().into()
    }
}
