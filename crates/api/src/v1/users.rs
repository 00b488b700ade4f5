//! The caller's own account.

use actix_web::{HttpResponse, get, put, web::Data};
use serde::Serialize;
use tessera_identity::{
    ChangePassword, Identity, UpdateProfile,
    model::{AvatarUrl, DisplayName, Password, PasswordAttempt, PersonName, User, Wallet},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{Authenticated, Body, Patch, ResourceBody, request},
    openapi::schema,
    problem::Problem,
    v1::timestamp::Timestamp,
};

/// A wallet that the user has linked by signing a challenge.
#[derive(Serialize, ToSchema)]
#[schema(as = Wallet)]
pub(super) struct WalletView {
    /// The address with its checksum (EIP-55), or in base58.
    address: String,
    /// The chain with which the wallet was linked. An Ethereum address is the same wallet on all EVM chains.
    #[schema(schema_with = schema::chain_type)]
    chain_type: String,
    #[schema(value_type = String, format = DateTime)]
    linked_at: Timestamp,
}

impl From<Wallet> for WalletView {
    fn from(wallet: Wallet) -> Self {
        Self {
            address: wallet.account.address().to_string(),
            chain_type: wallet.account.chain().to_string(),
            linked_at: wallet.linked_at.into(),
        }
    }
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserView {
    id: Uuid,
    /// `null` for accounts that were created with a wallet.
    #[schema(required = true)]
    email: Option<String>,
    email_verified: bool,
    #[schema(required = true)]
    display_name: Option<String>,
    #[schema(required = true)]
    first_name: Option<String>,
    #[schema(required = true)]
    last_name: Option<String>,
    #[schema(required = true)]
    avatar_url: Option<String>,
    wallets: Vec<WalletView>,
    profile_complete: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.as_uuid(),
            profile_complete: user.profile_complete(),
            email: user.email.map(|email| email.to_string()),
            email_verified: user.email_verified,
            display_name: user.display_name.map(|name| name.to_string()),
            first_name: user.first_name.map(|name| name.to_string()),
            last_name: user.last_name.map(|name| name.to_string()),
            avatar_url: user.avatar_url.map(|url| url.to_string()),
            wallets: user.wallets.into_iter().map(WalletView::from).collect(),
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
        }
    }
}

/// Get current user's profile
#[utoipa::path(tag = "users", operation_id = "get_me", security(("user_token" = [])), responses(
    (status = 200, description = "The user", body = UserView)))]
#[get("/users/me")]
pub(crate) async fn get_me(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let user = identity.view_profile(&actor).await?;
    Ok(HttpResponse::Ok().json(UserView::from(user)))
}

request! {
    /// The changes to the profile. Absent fields keep their value, `null` removes it. The email address cannot be
    /// changed here.
    struct UpdateMeRequest {
        display_name: Patch<DisplayName>,
        first_name: Patch<PersonName>,
        last_name: Patch<PersonName>,
        avatar_url: Patch<AvatarUrl>,
    }
}

/// Update current user's profile
#[utoipa::path(tag = "users", operation_id = "update_me", security(("user_token" = [])),
    request_body = UpdateMeRequest, responses(
    (status = 200, description = "The user", body = UserView)))]
#[put("/users/me")]
pub(crate) async fn update_me(
    Authenticated(actor): Authenticated,
    ResourceBody(body, _): ResourceBody<UpdateMeRequest, UserView>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let UpdateMeRequest { display_name, first_name, last_name, avatar_url } = body;
    let command = UpdateProfile { display_name, first_name, last_name, avatar_url };
    let user = identity.update_profile(&actor, command).await?;
    Ok(HttpResponse::Ok().json(UserView::from(user)))
}

request! {
    /// The current password and the new one.
    struct ChangePasswordRequest {
        /// Omitted if the account has no password. The session must then be younger than 5 minutes.
        current_password: Option<PasswordAttempt>,
        new_password: Password,
    }
}

/// Update current user's password
///
/// All other sessions of the user end.
#[utoipa::path(tag = "users", operation_id = "change_password", security(("user_token" = [])),
    request_body = ChangePasswordRequest, responses(
    (status = 204, description = "The new password is set")))]
#[put("/users/me/password")]
pub(crate) async fn change_password(
    Authenticated(actor): Authenticated,
    Body(body): Body<ChangePasswordRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let command = ChangePassword { current: body.current_password, new: body.new_password };
    identity.change_password(&actor, command).await?;
    Ok(HttpResponse::NoContent().finish())
}
