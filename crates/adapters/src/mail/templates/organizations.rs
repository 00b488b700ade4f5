//! Mails about organizations.

use askama::Template;
use tessera_kernel::{EmailAddress, Secret};
use tessera_orgs::{
    model::{DirectAddition, InvitationToken, Invited, NewOwner, OrganizationDeletion},
    ports::MailTemplates,
};
use tessera_outbox::{Mail, NoticeContext};

use super::{
    names::{quoted, unlinked},
    notices,
    text::{AskamaMails, minute, name, role},
};

/// Path of the page that shows and accepts an invitation.
const ACCEPT: &str = "/invitations/accept";

#[derive(Template)]
#[template(path = "invitation.txt", escape = "none")]
struct InvitationText<'a>(&'a MailText);

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationHtml<'a>(&'a MailText);

/// Content of both parts of an invitation.
struct MailText {
    organization: String,
    inviter: String,
    product: String,
    role: &'static str,
    link: String,
    expires: String,
}

impl MailTemplates for AskamaMails {
    fn invitation(&self, about: &Invited, token: &InvitationToken) -> Mail {
        let (organization, inviter) = (quoted(about.organization.name.as_str()), name(&about.inviter));
        let mail_text = MailText {
            organization: unlinked(&organization),
            inviter: unlinked(&inviter),
            product: self.product.to_string(),
            role: role(about.invitation.role),
            link: format!("{}{ACCEPT}?token={}", self.public_url, token.expose()),
            expires: minute(about.invitation.expires_at),
        };
        Mail {
            recipient: about.invitation.email.clone(),
            // Mail clients make no links in a subject, so it needs no protection.
            subject: format!("{inviter} invites you to {organization} on {}", self.product),
            text: Secret::new(InvitationText(&mail_text).render().unwrap_or_default()),
            html: Secret::new(InvitationHtml(&mail_text).render().unwrap_or_default()),
        }
    }

    fn new_owner(&self, to: &EmailAddress, about: &NewOwner<'_>, context: NoticeContext) -> Mail {
        self.notice(to, notices::of_owner(about), context)
    }

    fn organization_deleted(
        &self,
        to: &EmailAddress,
        about: &OrganizationDeletion<'_>,
        context: NoticeContext,
    ) -> Mail {
        self.notice(to, notices::of_deletion(about), context)
    }

    fn added_directly(&self, to: &EmailAddress, about: &DirectAddition<'_>, context: NoticeContext) -> Mail {
        self.notice(to, notices::of_addition(about), context)
    }
}
