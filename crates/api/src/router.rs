//! All routes of the service, and the application that each worker serves.
//!
//! The attribute of a handler defines the path and the method of its operation.

use std::sync::Arc;

use actix_web::{
    App, Error, HttpResponse,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::Method,
    middleware::from_fn,
    web::{self, Data, ServiceConfig as PageConfig},
};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::{AppExt, scope, service_config::ServiceConfig};

use crate::{
    assets::{self, Assets},
    b3os,
    documentation::Documentation,
    health, jwks, key_formats, middleware, openapi as description, pages,
    problem::{Code, Problem},
    public_url::API_BASE,
    route_table::RouteTable,
    services::Services,
    state::AppState,
    v1,
};

/// Version 1 of the API. The router tries the routes in this order, and one with a parameter costs more than a fixed path.
/// Key verification is the most frequent operation, and then the caller's own account.
fn v1_routes(config: &mut ServiceConfig) {
    config
        .service(v1::api_keys::verify::verify_api_key)
        .configure(account_routes)
        .configure(api_key_routes)
        .configure(wallet_routes)
        .configure(passkey_routes)
        .configure(organization_routes)
        .configure(application_routes)
        .configure(document_routes)
        .configure(invitation_routes)
        .configure(sso_routes)
        .configure(factor_routes);
}

fn api_key_routes(config: &mut ServiceConfig) {
    config
        .service(v1::api_keys::leaked::report_leaked_keys)
        .service(v1::api_keys::list_api_keys)
        .service(v1::api_keys::generate_api_key)
        .service(v1::api_keys::revoke_api_key)
        .service(v1::api_keys::manage::get_api_key)
        .service(v1::api_keys::manage::update_api_key)
        .service(v1::api_keys::manage::rotate_api_key)
        .service(v1::api_keys::manage::finish_api_key_rotation);
}

fn account_routes(config: &mut ServiceConfig) {
    config
        .service(v1::users::get_me)
        .service(v1::tokens::exchange_token)
        .service(v1::auth::register_user)
        .service(v1::auth::login)
        .service(v1::auth::logout)
        .service(v1::passwords::forgot_password)
        .service(v1::passwords::reset_password)
        .service(v1::email::verify_email)
        .service(v1::email::resend_verification)
        .service(v1::email::get_my_email)
        .service(v1::email::change_my_email)
        .service(v1::users::update_me)
        .service(v1::users::change_password)
        .service(v1::sessions::list_sessions)
        .service(v1::sessions::end_all_sessions)
        .service(v1::sessions::end_session)
        .service(v1::session_tokens::refresh_session)
        .service(v1::session_tokens::reauthenticate);
}

fn factor_routes(config: &mut ServiceConfig) {
    config
        .service(v1::mfa::verify_mfa)
        .service(v1::factors::get_factors)
        .service(v1::factors::start_totp)
        .service(v1::factors::confirm_totp)
        .service(v1::factors::remove_totp)
        .service(v1::factors::replace_recovery_codes);
}

fn wallet_routes(config: &mut ServiceConfig) {
    config
        .service(v1::wallets::get_web3_challenge)
        .service(v1::wallets::verify_web3_signature)
        .service(v1::wallets::get_wallet_challenge)
        .service(v1::wallets::list_wallets)
        .service(v1::wallets::link_wallet)
        .service(v1::wallets::unlink_wallet);
}

fn passkey_routes(config: &mut ServiceConfig) {
    config
        .service(v1::passkeys::start_passkey_sign_in)
        .service(v1::passkeys::sign_in_with_passkey)
        .service(v1::passkeys::list_passkeys)
        .service(v1::passkeys::start_adding_passkey)
        .service(v1::passkeys::add_passkey)
        .service(v1::passkeys::remove_passkey);
}

fn organization_routes(config: &mut ServiceConfig) {
    config
        .service(v1::orgs::create_organization)
        .service(v1::orgs::list_organizations)
        .service(v1::orgs::get_organization)
        .service(v1::orgs::update_organization)
        .service(v1::orgs::delete_organization)
        .service(v1::members::list_members)
        .service(v1::members::add_member)
        .service(v1::members::remove_member)
        .service(v1::members::get_member)
        .service(v1::members::update_member_role);
}

fn application_routes(config: &mut ServiceConfig) {
    config
        .service(v1::apps::list_applications)
        .service(v1::apps::create_application)
        .service(v1::apps::get_application)
        .service(v1::apps::update_application)
        .service(v1::apps::delete_application)
        .service(v1::items::list_inventory)
        .service(v1::items::put_inventory_item);
}

fn document_routes(config: &mut ServiceConfig) {
    config
        .service(v1::settings::get_organization_settings)
        .service(v1::settings::update_organization_settings)
        .service(v1::system_data::list_system_data)
        .service(v1::system_data::get_system_data)
        .service(v1::system_data::set_system_data)
        .service(v1::system_data::merge_system_data)
        .service(v1::custom_data::get_custom_data)
        .service(v1::custom_data::set_custom_data)
        .service(v1::custom_data::merge_custom_data);
}

fn invitation_routes(config: &mut ServiceConfig) {
    config
        .service(v1::invitations::list_invitations)
        .service(v1::invitations::send_invitation)
        .service(v1::invitations::resend_invitation)
        .service(v1::invitations::withdraw_invitation)
        .service(v1::invitations::accept_invitation)
        .service(v1::own_invitations::list_own_invitations)
        .service(v1::own_invitations::accept_own_invitation)
        .service(v1::own_invitations::decline_own_invitation);
}

fn sso_routes(config: &mut ServiceConfig) {
    config
        .service(v1::sso::initiate_web3_sso)
        .service(v1::sso::flow::request_web3_sso_challenge)
        .service(v1::sso::flow::verify_web3_sso)
        .service(v1::sso::flow::redeem_sso_code);
}

/// The B3OS API.
fn b3os_routes(config: &mut ServiceConfig) {
    config
        .service(b3os::api_keys::create_organization_key)
        .service(b3os::api_keys::list_organization_keys)
        .service(b3os::api_keys::get_organization_key)
        .service(b3os::api_keys::revoke_organization_key)
        .service(b3os::service_accounts::create_service_account)
        .service(b3os::service_accounts::list_service_accounts)
        .service(b3os::service_accounts::get_service_account)
        .service(b3os::service_accounts::update_service_account)
        .service(b3os::service_accounts::disable_service_account);
}

/// Operations outside the versioned API.
fn unversioned_routes(config: &mut ServiceConfig) {
    config.service(health::live).service(health::ready).service(jwks::get_jwks).service(key_formats::get_key_formats);
}

/// Pages and their assets. They are not operations, so the OpenAPI document does not list them.
fn page_routes(config: &mut PageConfig) {
    config
        .configure(pages::assets::routes)
        .service(pages::home::show)
        .service(pages::problems::list)
        .service(pages::problems::show)
        .service(pages::invitation::show)
        .service(pages::invitation::accept)
        .service(pages::forgot::show)
        .service(pages::forgot::ask)
        .service(pages::reset::show)
        .service(pages::reset::set)
        .service(pages::verify::show)
        .service(pages::verify::confirm);
}

/// The path and the methods of each page, for the route table.
fn page_paths() -> Vec<(&'static str, Vec<Method>)> {
    let documents = assets::paths()
        .chain(pages::api_docs::PATHS)
        .chain(pages::problems::PATHS)
        .chain([pages::home::PATH, pages::sign_in::PATH]);
    let forms = [pages::invitation::ACCEPT, pages::layout::FORGOT, pages::reset::RESET, pages::verify::VERIFY];
    documents
        .map(|path| (path, vec![Method::GET]))
        .chain(forms.map(|path| (path, vec![Method::GET, Method::POST])))
        .collect()
}

/// Every operation of the OpenAPI document.
fn operation_routes(config: &mut ServiceConfig) {
    config
        .service(scope::scope(API_BASE).configure(v1_routes))
        .service(scope::scope(b3os::BASE).configure(b3os_routes))
        .configure(unversioned_routes);
}

/// Returns the OpenAPI document.
#[must_use]
pub fn openapi() -> OpenApi {
    let app = App::new().into_utoipa_app().openapi(description::frame());
    let (_, mut document) = app.configure(operation_routes).split_for_parts();
    description::complete::complete(&mut document);
    document
}

/// The HTTP side of the service. It is created once. Clones share their state among the workers.
#[derive(Clone)]
pub struct Api(Arc<AppState>);

impl Api {
    /// Generates the OpenAPI document and derives the access rules from it.
    #[must_use]
    pub fn new(services: Services) -> Self {
        let mut document = openapi();
        let routes = RouteTable::new(&document, page_paths());
        if let Some(metrics) = &services.metrics {
            metrics.requests.set_routes(routes.patterns());
        }
        description::set_server(&mut document, services.public_url.path());
        let documentation = Documentation::new(description::json(&document));
        let assets = Assets::new(&services.branding);
        Self(Arc::new(AppState { services, routes, assets, documentation, bodies: Arc::default() }))
    }

    /// Returns the application. Each worker calls this once. The server below limits the time for heads and bodies: a
    /// payload that fails with an I/O error of kind `TimedOut` results in 408.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()> + use<>,
    > {
        let state = Arc::clone(&self.0);
        let services = &self.0.services;
        // Before the API: the sign-in page is under its path, so that one cookie path covers the page and its requests.
        let app = App::new().service(pages::sign_in::sign_in_page).into_utoipa_app();
        let (app, _) = app.configure(operation_routes).split_for_parts();
        app.app_data(Data::from(Arc::clone(&services.identity)))
            .app_data(Data::from(Arc::clone(&services.sso)))
            .app_data(Data::from(Arc::clone(&services.service_tokens)))
            .app_data(Data::from(Arc::clone(&services.orgs)))
            .app_data(Data::from(Arc::clone(&services.apps)))
            .app_data(Data::from(Arc::clone(&services.api_keys)))
            .app_data(Data::from(Arc::clone(&services.inventory)))
            .app_data(Data::from(Arc::clone(&services.node_limits)))
            .app_data(Data::new(services.public_url.clone()))
            .app_data(Data::from(Arc::clone(&self.0)))
            .configure(pages::api_docs::routes)
            .configure(page_routes)
            .default_service(web::to(no_route))
            .wrap(from_fn(move |request, next| middleware::serve_request(Arc::clone(&state), request, next)))
    }
}

/// Not reached as long as the router and the document agree.
async fn no_route() -> Result<HttpResponse, Problem> {
    Err(Code::RouteNotFound.into())
}
