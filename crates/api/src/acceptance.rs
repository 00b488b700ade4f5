//! Accepting an invitation concerns two domains that do not know of each other: the account is one's, the membership the
//! other's.

use tessera_identity::{
    Welcome, Welcomed,
    model::{Client, DisplayName, PasswordAttempt},
};
use tessera_kernel::{Actor, InvitationClaimId, Secret};
use tessera_orgs::{
    AcceptInvitation,
    model::{InvitationToken, Invited, Membership},
};

use crate::{
    extract::MaybeUser,
    problem::{Code, Problem},
    services::Services,
};

/// Somebody accepts.
pub(crate) struct Acceptance {
    pub(crate) token: String,
    pub(crate) password: Option<PasswordAttempt>,
    pub(crate) display_name: Option<DisplayName>,
    pub(crate) caller: MaybeUser,
    pub(crate) client: Client,
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
    /// The account, and what proves that it is theirs, come before the membership: should it all end in between, the same
    /// request succeeds once more, with an account that is there.
    pub(crate) async fn perform(self, services: &Services) -> Result<Accepted, Problem> {
        let Self { token, password, display_name, caller, client } = self;
        let MaybeUser { actor, origin } = caller;
        let (token, invited) = look_at(services, &token).await?;
        let email = invited.invitation.email;
        let welcome = Welcome { email, password, display_name, origin: origin.clone() };
        let (Welcomed { user, new }, claim) = account(services, actor.as_ref(), welcome, &token).await?;
        let command = AcceptInvitation { token, user: user.id, claim, actor: actor.clone(), origin: origin.clone() };
        let membership = services.orgs.accept_invitation(command).await?;
        let profile_completion_required = !user.profile_complete();
        let signed_in = match actor {
            // A mail that was passed on must not sign anybody in to an account that was there before.
            Some(actor) => Some(services.identity.continue_session(&actor).await?),
            None if new => Some(services.identity.first_session(user, client, &origin).await?),
            None => None,
        };
        let token = signed_in.map(|signed_in| signed_in.token);
        Ok(Accepted { membership, new_user: new, profile_completion_required, token })
    }
}

/// The account of the invited address. A caller with a token must be the one that was invited, and proves by it that the
/// account is theirs. Whoever makes the account keeps the invitation from others until they have joined.
async fn account(
    services: &Services,
    actor: Option<&Actor>,
    welcome: Welcome,
    token: &InvitationToken,
) -> Result<(Welcomed, Option<InvitationClaimId>), Problem> {
    if let Some(actor) = actor {
        let user = services.identity.verify_email(actor, &welcome.email).await?;
        return Ok((Welcomed { user, new: false }, None));
    }
    let prepared = services.identity.prepare_account(&welcome).await?;
    let claim = match prepared {
        Some(_) => Some(services.orgs.claim_invitation(token).await?),
        None => None,
    };
    let welcomed = services.identity.welcome(welcome, prepared).await;
    // Somebody else has registered the address meanwhile, and whoever has its password may try again at once.
    if let (Err(_), Some(claim)) = (&welcomed, claim) {
        services.orgs.release_invitation(token, claim).await?;
    }
    Ok((welcomed?, claim))
}
