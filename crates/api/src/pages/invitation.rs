//! An invitation, as the person who got it sees it: what they are asked to, and a button.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Query},
};
use askama::Template;
use tessera_identity::model::{DisplayName, Password};
use tessera_kernel::{Origin, Role};
use tessera_orgs::model::Invited;

use super::{Message, page, sorry};
use crate::{
    acceptance::{Acceptance, Accepted, look_at},
    api::Edge,
    auth::{MaybeUser, Visitor},
    body::{Form, form_of},
    browser,
    problem::{Code, Problem},
    services::PublicUrl,
};

pub(super) const ACCEPT: &str = "/invitations/accept";

/// What is shown of an invitation.
#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage<'a> {
    base: &'a str,
    organization: &'a str,
    inviter: &'a str,
    role: &'static str,
    email: &'a str,
    token: &'a str,
    new_user: bool,
    display_name: &'a str,
    faults: &'a [String],
}

impl<'a> InvitationPage<'a> {
    fn of(url: &'a PublicUrl, invited: &'a Invited, form: &'a Entry, faults: &'a [String]) -> Self {
        let host = &invited.inviter;
        Self {
            base: url.path(),
            organization: invited.organization.name.as_str(),
            inviter: host.display_name.as_deref().or(host.email.as_deref()).unwrap_or("Somebody"),
            role: role(invited.invitation.role),
            email: invited.invitation.email.as_str(),
            token: &form.token,
            new_user: invited.account.is_none(),
            display_name: &form.display_name,
            faults,
        }
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "an owner",
        Role::Admin => "an administrator",
        Role::Member => "a member",
    }
}

/// What somebody typed, and what came with the link.
#[derive(Default)]
struct Entry {
    token: String,
    password: String,
    display_name: String,
}

impl Entry {
    fn of(form: &Form) -> Self {
        let field = |name| form.only(name).unwrap_or_default().to_owned();
        Self { token: field("token"), password: field("password"), display_name: field("display_name") }
    }

    /// The values, or all that is wrong with them.
    fn read(&self) -> Result<(Option<Password>, Option<DisplayName>), Vec<String>> {
        let password = (!self.password.is_empty()).then(|| self.password.parse::<Password>()).transpose();
        let name = (!self.display_name.trim().is_empty()).then(|| self.display_name.parse::<DisplayName>()).transpose();
        match (password, name) {
            (Ok(password), Ok(name)) => Ok((password, name)),
            (password, name) => {
                let name = name.err().map(|fault| format!("Your name {fault}."));
                Err(name.into_iter().chain(password.err().map(|fault| format!("Your password {fault}."))).collect())
            }
        }
    }
}

/// Shows the invitation. Nothing changes: programs that look at links in mails come here too.
#[get("/invitations/accept")]
pub(super) async fn show(
    Visitor(origin): Visitor,
    request: HttpRequest,
    edge: Data<Edge>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let token = Query::<Vec<(String, String)>>::from_query(request.query_string())
        .ok()
        .and_then(|pairs| pairs.into_inner().into_iter().find(|(name, _)| name == "token"));
    let entry = Entry { token: token.map(|(_, token)| token).unwrap_or_default(), ..Entry::default() };
    match look_at(&edge.services, &entry.token).await {
        Ok((_, invited)) => page(StatusCode::OK, &InvitationPage::of(&url, &invited, &entry, &[])),
        Err(problem) => sorry(&problem, &url, &origin.request_id),
    }
}

/// Accepts it.
#[post("/invitations/accept")]
pub(super) async fn accept(
    Visitor(origin): Visitor,
    request: HttpRequest,
    edge: Data<Edge>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    match submit(&request, &origin, &edge, &url).await {
        Ok(answer) => Ok(answer),
        Err(problem) => sorry(&problem, &url, &origin.request_id),
    }
}

async fn submit(request: &HttpRequest, origin: &Origin, edge: &Edge, url: &PublicUrl) -> Result<HttpResponse, Problem> {
    browser::same_origin(url, request.headers())?;
    let entry = Entry::of(&form_of(request).await?);
    let (_, invited) = look_at(&edge.services, &entry.token).await?;
    let again = |faults: &[String]| page(StatusCode::BAD_REQUEST, &InvitationPage::of(url, &invited, &entry, faults));
    let (password, display_name) = match entry.read() {
        Ok(read) => read,
        Err(faults) => return again(&faults),
    };
    let caller = MaybeUser { actor: None, origin: origin.clone() };
    let acceptance = Acceptance { token: entry.token.clone(), password, display_name, caller };
    match acceptance.perform(&edge.services).await {
        Ok(accepted) => welcome(url, &invited, &accepted),
        Err(problem) if problem.code() == Code::InvalidBody => again(&problem.said_of_password()),
        Err(problem) => Err(problem),
    }
}

fn welcome(url: &PublicUrl, invited: &Invited, accepted: &Accepted) -> Result<HttpResponse, Problem> {
    let organization = invited.organization.name.as_str();
    let lines = vec![
        format!("You belong to {organization} now, as {}.", role(accepted.membership.role)),
        format!("Your account is {}. You can close this page.", invited.invitation.email),
    ];
    page(StatusCode::OK, &Message { base: url.path(), title: format!("Welcome to {organization}"), lines })
}
