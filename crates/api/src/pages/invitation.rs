//! The page of an invitation: its details and a button to accept it.

use actix_web::{HttpResponse, get, http::StatusCode, post};
use askama::Template;
use tessera_identity::model::DisplayName;
use tessera_kernel::{Role, Secret, StoreError};
use tessera_orgs::{
    AcceptInvitation,
    model::{InvitationToken, Invited, Membership},
};

use crate::{
    extract::{Form, UserAgent},
    pages::{
        fields::{FieldErrors, PasswordRule},
        frame::Frame,
        layout::{Policy, answer},
        request::{PageRequest, new_password},
    },
    problem::{Code, Problem},
    services::Services,
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
    frame: Frame<'a>,
    organization: &'a str,
    inviter: &'a str,
    role: &'static str,
    email: &'a str,
    token: &'a str,
    new_user: bool,
    unproved: bool,
    display_name: &'a str,
    rule: PasswordRule,
    errors: FieldErrors,
}

impl<'a> InvitationPage<'a> {
    fn of(request: &'a PageRequest, invited: &'a Invited, guest: Guest, form: &'a Entry, errors: FieldErrors) -> Self {
        let host = &invited.inviter;
        Self {
            frame: request.frame(),
            organization: invited.organization.name.as_str(),
            inviter: host.display_name.as_deref().or(host.email.as_deref()).unwrap_or("A member"),
            role: role(invited.invitation.role),
            email: invited.invitation.email.as_str(),
            token: &form.token,
            new_user: guest == Guest::New,
            unproved: guest == Guest::Unproved,
            display_name: &form.display_name,
            rule: PasswordRule::of(&request.state.services.identity),
            errors,
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
        let field = |name| form.text(name).to_owned();
        Self { token: field("token"), password: field("password"), display_name: field("display_name") }
    }

    /// Returns the display name, or all errors of the form.
    fn read(&self, guest: Guest) -> Result<Option<DisplayName>, FieldErrors> {
        // A user who creates an account here without a password cannot sign in after leaving the page.
        // Only this form has a field for the name.
        if guest != Guest::New {
            return Ok(None);
        }
        let password = new_password(&self.password).map(|_| ());
        let name = (!self.display_name.trim().is_empty()).then(|| self.display_name.parse::<DisplayName>()).transpose();
        match (password, name) {
            (Ok(()), Ok(name)) => Ok(name),
            (password, name) => {
                let name = name.err().map(|fault| format!("Your name {fault}."));
                Err(FieldErrors::of("display_name", name).and(FieldErrors::of("password", password.err())))
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

/// Shows the invitation.
#[get("/invitations/accept")]
pub(crate) async fn show(request: PageRequest) -> Result<HttpResponse, Problem> {
    let form = async |token: String| {
        let entry = Entry { token, ..Entry::default() };
        let (_, invited, guest) = open(&request.state.services, &entry).await?;
        let page = InvitationPage::of(&request, &invited, guest, &entry, FieldErrors::default());
        answer(Policy::Forms, StatusCode::OK, &page)
    };
    request.show(form).await
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
pub(crate) async fn accept(request: PageRequest) -> Result<HttpResponse, Problem> {
    let submit = async |form: Form| {
        let entry = Entry::of(&form);
        let (token, invited, guest) = open(&request.state.services, &entry).await?;
        let again = |code: Code, guest: Guest, errors: FieldErrors| {
            answer(Policy::Forms, code.status(), &InvitationPage::of(&request, &invited, guest, &entry, errors))
        };
        let display_name = match entry.read(guest) {
            Ok(name) => name,
            Err(errors) => return again(Code::InvalidBody, guest, errors),
        };
        let UserAgent(user_agent) = UserAgent::of(&request.http);
        let command = AcceptInvitation {
            token,
            password: Some(entry.password.clone()).filter(|password| !password.is_empty()).map(Secret::new),
            display_name: display_name.map(|name| name.to_string()),
            actor: None,
            user_agent,
            origin: request.origin.clone(),
        };
        match request.state.services.orgs.accept_invitation(command).await.map_err(Problem::from) {
            Ok(accepted) => accepted_page(&request, &invited, &accepted.membership),
            Err(problem) => match problem.code() {
                Code::InvalidBody => {
                    again(Code::InvalidBody, guest, FieldErrors::of("password", problem.said_of_password()))
                }
                // Also if the account was created after the form was checked.
                Code::EmailNotVerified => {
                    let errors = FieldErrors::of("password", [entry.refusal()]);
                    again(Code::EmailNotVerified, Guest::Unproved, errors)
                }
                _ => Err(problem),
            },
        }
    };
    request.submit(submit).await
}

fn accepted_page(request: &PageRequest, invited: &Invited, membership: &Membership) -> Result<HttpResponse, Problem> {
    let organization = invited.organization.name.as_str();
    let (role, email) = (role(membership.role), &invited.invitation.email);
    let lines = request.closing(format!("You belong to {organization} now, as {role}. Your account is {email}."));
    request.message(StatusCode::OK, format!("Welcome to {organization}"), lines, None)
}
