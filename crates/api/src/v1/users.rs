//! The caller's own account.

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use tessera_identity::{
    Identity,
    model::{User, Wallet},
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::timestamp::Timestamp;
use crate::{auth::Authenticated, problem::Problem};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(get_me);
}

/// A wallet that a user has proved to be theirs.
#[derive(Serialize, ToSchema)]
#[schema(as = Wallet)]
pub(super) struct WalletView {
    /// With its checksum (EIP-55), or in base58.
    address: String,
    /// The chain that it was linked with. An address of Ethereum is one wallet on all chains of that kind.
    chain_type: &'static str,
    #[schema(value_type = String, format = DateTime)]
    linked_at: Timestamp,
}

impl From<Wallet> for WalletView {
    fn from(wallet: Wallet) -> Self {
        Self {
            address: wallet.account.address().to_string(),
            chain_type: wallet.account.chain().as_str(),
            linked_at: wallet.linked_at.into(),
        }
    }
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserView {
    id: Uuid,
    /// Absent for accounts made by a wallet.
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
            avatar_url: user.avatar_url,
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
async fn get_me(Authenticated(actor): Authenticated, identity: Data<Identity>) -> Result<HttpResponse, Problem> {
    let user = identity.view_profile(&actor).await?;
    Ok(HttpResponse::Ok().json(UserView::from(user)))
}
