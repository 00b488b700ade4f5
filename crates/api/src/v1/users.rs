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
    #[schema(example = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    address: String,
    #[schema(schema_with = schema::linked_chain_type)]
    chain_type: String,
    /// When the wallet was linked.
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
    /// The id of the user.
    id: Uuid,
    /// `null` for accounts that were created with a wallet.
    #[schema(required = true, example = "ada@example.com")]
    email: Option<String>,
    /// Whether the user has verified the email address. False without an address.
    #[schema(example = false)]
    email_verified: bool,
    /// The name that other members of an organization see. `null` if it is not set.
    #[schema(required = true, example = "Ada")]
    display_name: Option<String>,
    /// The first name. `null` if it is not set.
    #[schema(required = true, example = "Ada")]
    first_name: Option<String>,
    /// The last name. `null` if it is not set.
    #[schema(required = true, example = "Lovelace")]
    last_name: Option<String>,
    /// The URL of a picture of the user. `null` if it is not set.
    #[schema(required = true, example = "https://cdn.example.com/avatars/ada.png")]
    avatar_url: Option<String>,
    /// The linked wallets, in the order of linking.
    wallets: Vec<WalletView>,
    /// Whether the user has an email address and a display name.
    profile_complete: bool,
    /// When the account was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the profile, or the verification of the address, last changed.
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
///
/// Returns the account of the user token.
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
        /// The name that other members of an organization see. 1 to 100 characters.
        display_name: Patch<DisplayName>,
        /// The first name. 1 to 100 characters.
        first_name: Patch<PersonName>,
        /// The last name. 1 to 100 characters.
        last_name: Patch<PersonName> = "Lovelace",
        avatar_url: Patch<AvatarUrl>,
    }
}

/// Update current user's profile
///
/// Changes the names and the picture. Absent fields keep their value, and `null` removes one.
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
        /// Omitted if the account has no password. The session must then be authenticated within the last 5 minutes.
        current_password: Option<PasswordAttempt>,
        new_password: Password = "granite-otter-58-meadow",
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
