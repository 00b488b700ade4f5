//! Version 1 of the API.

mod api_keys;
mod apps;
mod auth;
mod custom_data;
mod documents;
mod invitations;
mod items;
mod members;
mod names;
mod orgs;
mod passwords;
mod sessions;
mod settings;
mod sso;
mod system_data;
mod timestamp;
mod tokens;
mod users;
mod wallets;

use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The one place that knows where the API lives.
pub(crate) const BASE: &str = "/api/v1";

/// Every operation.
pub(crate) fn routes(config: &mut ServiceConfig) {
    // The router tries them in this order, and most requests ask what a key is worth.
    let each = [
        api_keys::routes,
        auth::routes,
        passwords::routes,
        users::routes,
        sessions::routes,
        wallets::routes,
        tokens::routes,
        orgs::routes,
        members::routes,
        apps::routes,
        items::routes,
        settings::routes,
        system_data::routes,
        custom_data::routes,
        invitations::routes,
        sso::routes,
    ];
    let add = |config: &mut ServiceConfig| each.into_iter().for_each(|add| add(config));
    config.service(scope::scope(BASE).configure(add));
}
