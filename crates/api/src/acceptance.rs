//! Accepting an invitation concerns two domains that do not know of each other: the account is one's, the membership the
//! other's.

use tessera_identity::{
    Welcome,
    model::{DisplayName, Password, User},
};
use tessera_kernel::{Actor, Secret};
use tessera_orgs::{
    AcceptInvitation,
    model::{InvitationToken, Invited, Membership},
};

use crate::{
    auth::MaybeUser,
    problem::{Code, Problem},
    services::Services,
};

/// Somebody accepts.
pub(crate) struct Acceptance {
    pub(crate) token: String,
    pub(crate) password: Option<Password>,
    pub(crate) display_name: Option<DisplayName>,
    pub(crate) caller: MaybeUser,
}

/// What came of it.
pub(crate) struct Accepted {
    pub(crate) membership: Membership,
    pub(crate) new_user: bool,
    pub(crate) profile_completion_required: bool,
    pub(crate) token: Option<Secret<String>>,
}

/// What a token invites to, if it is one.
pub(crate) async fn look_at(services: &Services, token: &str) -> Result<(InvitationToken, Invited), Problem> {
    let token: InvitationToken = token.parse().map_err(|_| Code::InvitationInvalid)?;
    let invited = services.orgs.view_invitation(&token).await?;
    Ok((token, invited))
}

impl Acceptance {
    /// The account comes before the membership: should it all end in between, the same request succeeds once more, with an
    /// account that is there.
    pub(crate) async fn perform(self, services: &Services) -> Result<Accepted, Problem> {
        let (token, invited) = look_at(services, &self.token).await?;
        let MaybeUser { actor, origin } = self.caller;
        let own = own(services, actor.as_ref(), &invited).await?;
        let welcome = Welcome {
            email: invited.invitation.email.clone(),
            password: self.password,
            display_name: self.display_name,
            origin: origin.clone(),
        };
        let (user, new_user) = match own {
            Some(user) => (user, false),
            None => account(services, welcome, &invited).await?,
        };
        let command = AcceptInvitation { token, user: user.id, actor: actor.clone(), origin: origin.clone() };
        let membership = services.orgs.accept_invitation(command).await?;
        let profile_completion_required = !user.profile_complete();
        let signed_in = match actor {
            // A mail that was passed on must not sign anybody in to an account that was there before.
            Some(actor) => Some(services.identity.continue_session(&actor).await?),
            None if new_user => Some(services.identity.first_session(user, &origin).await?),
            None => None,
        };
        let token = signed_in.map(|signed_in| signed_in.token);
        Ok(Accepted { membership, new_user, profile_completion_required, token })
    }
}

/// The caller, who must be the one that was invited.
async fn own(services: &Services, actor: Option<&Actor>, invited: &Invited) -> Result<Option<User>, Problem> {
    let Some(actor) = actor else { return Ok(None) };
    let user = services.identity.view_profile(actor).await?;
    if user.email.as_ref() == Some(&invited.invitation.email) {
        Ok(Some(user))
    } else {
        Err(Code::InvitationForAnotherAddress.into())
    }
}

/// The account of the invited address: the one that is there, or a new one.
async fn account(services: &Services, welcome: Welcome, invited: &Invited) -> Result<(User, bool), Problem> {
    // A password for an account that is there would be ignored, so it is not judged either.
    let welcome = match invited.account {
        Some(_) => Welcome { password: None, ..welcome },
        None => welcome,
    };
    let welcomed = services.identity.welcome(welcome).await?;
    Ok((welcomed.user, welcomed.new))
}
