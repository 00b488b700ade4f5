//! The page of an invitation: its details and a button to accept it.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Query},
};
use askama::Template;
use tessera_identity::model::{DisplayName, Password};
use tessera_kernel::{RequestMetadata, Role, Secret, StoreError};
use tessera_orgs::{
    AcceptInvitation,
    model::{InvitationToken, Invited, Membership},
};

use crate::{
    extract::{Anonymous, Form, UserAgent, fetch_metadata, form_of},
    pages::layout::{Message, Policy, answer, problem_page},
    problem::{Code, Problem},
    public_url::PublicUrl,
    services::Services,
    state::AppState,
};

pub(crate) const ACCEPT: &str = "/invitations/accept";

/// The account state of the invited address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guest {
    /// The address has no account.
    New,
    /// The address has an account that has not verified it. Any person may have created that account.
    Unproved,
    /// The address has an account that has verified it.
    Known,
}

impl Guest {
    async fn of(services: &Services, invited: &Invited) -> Result<Self, StoreError> {
        Ok(match invited.account {
            None => Self::New,
            Some(user) if services.identity.is_verified(user).await? => Self::Known,
            Some(_) => Self::Unproved,
        })
    }
}

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
    unproved: bool,
    display_name: &'a str,
    faults: &'a [String],
}

impl<'a> InvitationPage<'a> {
    fn of(url: &'a PublicUrl, invited: &'a Invited, guest: Guest, form: &'a Entry, faults: &'a [String]) -> Self {
        let host = &invited.inviter;
        Self {
            base: url.path(),
            organization: invited.organization.name.as_str(),
            inviter: host.display_name.as_deref().or(host.email.as_deref()).unwrap_or("A member"),
            role: role(invited.invitation.role),
            email: invited.invitation.email.as_str(),
            token: &form.token,
            new_user: guest == Guest::New,
            unproved: guest == Guest::Unproved,
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

/// The form fields, and the token from the link.
#[derive(Default)]
struct Entry {
    token: String,
    password: String,
    display_name: String,
}

impl Entry {
    fn of(form: &Form) -> Self {
        let field = |name| form.single_value(name).unwrap_or_default().to_owned();
        Self { token: field("token"), password: field("password"), display_name: field("display_name") }
    }

    /// The password, unless the field is empty.
    fn password(&self) -> Option<&str> {
        Some(&*self.password).filter(|password| !password.is_empty())
    }

    /// Returns the display name, or all errors of the form.
    fn read(&self, guest: Guest) -> Result<Option<DisplayName>, Vec<String>> {
        let password = match self.password() {
            _ if guest != Guest::New => Ok(()),
            Some(wanted) => wanted.parse::<Password>().map(|_| ()).map_err(|fault| format!("Your password {fault}.")),
            // A user who creates an account here without a password cannot sign in after leaving the page.
            None => Err("Your password is missing.".to_owned()),
        };
        let name = (!self.display_name.trim().is_empty()).then(|| self.display_name.parse::<DisplayName>()).transpose();
        match (password, name) {
            (Ok(()), Ok(name)) => Ok(name),
            (password, name) => {
                let name = name.err().map(|fault| format!("Your name {fault}."));
                Err(name.into_iter().chain(password.err()).collect())
            }
        }
    }

    /// The message for a missing or wrong account password.
    fn refusal(&self) -> String {
        if self.password.is_empty() {
            "Type the password of your account to join with it.".to_owned()
        } else {
            "This is not the password of the account. You have not joined, and the invitation is still open.".to_owned()
        }
    }
}

/// Shows the invitation. It changes nothing, because mail scanners open links too.
#[get("/invitations/accept")]
pub(crate) async fn show(
    Anonymous(origin): Anonymous,
    request: HttpRequest,
    state: Data<AppState>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let token = Query::<Vec<(String, String)>>::from_query(request.query_string())
        .ok()
        .and_then(|pairs| pairs.into_inner().into_iter().find(|(name, _)| name == "token"));
    let entry = Entry { token: token.map(|(_, token)| token).unwrap_or_default(), ..Entry::default() };
    match open(&state.services, &entry).await {
        Ok((_, invited, guest)) => {
            answer(Policy::Forms, StatusCode::OK, &InvitationPage::of(&url, &invited, guest, &entry, &[]))
        }
        Err(problem) => problem_page(&problem, &url, &origin),
    }
}

/// Returns the token, its invitation, and the account state of the invited address.
async fn open(services: &Services, entry: &Entry) -> Result<(InvitationToken, Invited, Guest), Problem> {
    let token: InvitationToken = entry.token.parse().map_err(|_| Code::InvitationInvalid)?;
    let invited = services.orgs.view_invitation(&token).await?;
    let guest = Guest::of(services, &invited).await?;
    Ok((token, invited, guest))
}

/// Accepts the invitation.
#[post("/invitations/accept")]
pub(crate) async fn accept(
    Anonymous(origin): Anonymous,
    request: HttpRequest,
    state: Data<AppState>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    submit(&request, &origin, &state, &url).await.or_else(|problem| problem_page(&problem, &url, &origin))
}

async fn submit(
    request: &HttpRequest,
    origin: &RequestMetadata,
    state: &AppState,
    url: &PublicUrl,
) -> Result<HttpResponse, Problem> {
    fetch_metadata::same_origin(url, request.headers())?;
    let entry = Entry::of(&form_of(request).await?);
    let (token, invited, guest) = open(&state.services, &entry).await?;
    let again = |code: Code, guest: Guest, faults: &[String]| {
        answer(Policy::Forms, code.status(), &InvitationPage::of(url, &invited, guest, &entry, faults))
    };
    let display_name = match entry.read(guest) {
        Ok(name) => name,
        Err(faults) => return again(Code::InvalidBody, guest, &faults),
    };
    let UserAgent(user_agent) = UserAgent::of(request);
    let command = AcceptInvitation {
        token,
        password: entry.password().map(|password| Secret::new(password.to_owned())),
        display_name: display_name.map(|name| name.to_string()),
        actor: None,
        user_agent,
        origin: origin.clone(),
    };
    match state.services.orgs.accept_invitation(command).await.map_err(Problem::from) {
        Ok(accepted) => accepted_page(url, &invited, &accepted.membership),
        Err(problem) => match problem.code() {
            Code::InvalidBody => again(Code::InvalidBody, guest, &problem.said_of_password()),
            // Also if the account was created after the form was checked.
            Code::EmailNotVerified => again(Code::EmailNotVerified, Guest::Unproved, &[entry.refusal()]),
            _ => Err(problem),
        },
    }
}

fn accepted_page(url: &PublicUrl, invited: &Invited, membership: &Membership) -> Result<HttpResponse, Problem> {
    let organization = invited.organization.name.as_str();
    let lines = vec![
        format!("You belong to {organization} now, as {}.", role(membership.role)),
        format!("Your account is {}. You can close this page.", invited.invitation.email),
    ];
    answer(
        Policy::Forms,
        StatusCode::OK,
        &Message { base: url.path(), title: format!("Welcome to {organization}"), lines, onward: None },
    )
}
