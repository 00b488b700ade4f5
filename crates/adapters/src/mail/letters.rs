//! What mails say.

mod names;
mod notices;
mod reset;

use askama::Template;
use names::{quoted, unlinked};
use tessera_kernel::{EmailAddress, Mail, NoticeContext, Role, Secret};
use tessera_orgs::{
    model::{DirectAddition, InvitationToken, Invited, NewOwner, Profile},
    ports::Letters,
};
use time::{OffsetDateTime, macros::format_description};

/// Words mails by templates.
pub struct AskamaLetters {
    public_url: String,
}

/// Where an invitation is looked at and accepted.
const ACCEPT: &str = "/invitations/accept";

#[derive(Template)]
#[template(path = "invitation.txt", escape = "none")]
struct InvitationText<'a>(&'a Words);

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationHtml<'a>(&'a Words);

/// What both parts of an invitation say.
struct Words {
    organization: String,
    inviter: String,
    role: &'static str,
    link: String,
    expires: String,
}

impl AskamaLetters {
    /// Links start with that URL and with nothing else.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        Self { public_url: public_url.trim_end_matches('/').to_owned() }
    }
}

impl Letters for AskamaLetters {
    fn invitation(&self, about: &Invited, token: &InvitationToken) -> Mail {
        let (organization, inviter) = (quoted(about.organization.name.as_str()), name(&about.inviter));
        let words = Words {
            organization: unlinked(&organization),
            inviter: unlinked(&inviter),
            role: role(about.invitation.role),
            link: format!("{}{ACCEPT}?token={}", self.public_url, token.expose()),
            expires: minute(about.invitation.expires_at),
        };
        Mail {
            recipient: about.invitation.email.clone(),
            // Nothing makes links of a subject.
            subject: format!("{inviter} invites you to {organization}"),
            text: Secret::new(InvitationText(&words).render().unwrap_or_default()),
            html: Secret::new(InvitationHtml(&words).render().unwrap_or_default()),
        }
    }

    fn new_owner(&self, to: &EmailAddress, about: &NewOwner<'_>, context: NoticeContext) -> Mail {
        self.notice(to, notices::of_owner(about), context)
    }

    fn added_directly(&self, to: &EmailAddress, about: &DirectAddition<'_>, context: NoticeContext) -> Mail {
        self.notice(to, notices::of_addition(about), context)
    }
}

/// The name of a user: quoted, or a word for users without a name and an address.
fn name(profile: &Profile) -> String {
    profile.display_name.as_deref().or(profile.email.as_deref()).map_or_else(|| "Somebody".to_owned(), quoted)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "an owner",
        Role::Admin => "an administrator",
        Role::Member => "a member",
    }
}

fn minute(time: OffsetDateTime) -> String {
    let format = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    time.format(format).unwrap_or_default()
}
