//! Acceptance of an invitation. It spans two domains that do not depend on each other: identity owns the account, orgs
//! owns the membership.

use tessera_identity::{
    ProvisionAccount, ProvisionedAccount,
    model::{Device, DisplayName, PasswordAttempt},
};
use tessera_kernel::{Actor, InvitationClaimId, Secret};
use tessera_orgs::{
    AcceptInvitation,
    model::{InvitationToken, Invited, Membership},
};

use crate::{
    extract::OptionalUser,
    problem::{Code, Problem},
    services::Services,
};

/// A request to accept an invitation.
pub(crate) struct Acceptance {
    pub(crate) token: String,
    pub(crate) password: Option<PasswordAttempt>,
    pub(crate) display_name: Option<DisplayName>,
    pub(crate) caller: OptionalUser,
    pub(crate) device: Device,
}

/// The result of an accepted invitation.
pub(crate) struct Accepted {
    pub(crate) membership: Membership,
    pub(crate) new_user: bool,
    pub(crate) profile_completion_required: bool,
    pub(crate) token: Option<Secret<String>>,
}

/// Parses an invitation token and returns the invitation that it belongs to.
pub(crate) async fn look_at(services: &Services, token: &str) -> Result<(InvitationToken, Invited), Problem> {
    let token: InvitationToken = token.parse().map_err(|_| Code::InvitationInvalid)?;
    let invited = services.orgs.view_invitation(&token).await?;
    Ok((token, invited))
}

impl Acceptance {
    /// Creates or verifies the account first, then the membership. If the process stops between the two steps, the same
    /// request succeeds when it is repeated, because the account exists by then.
    pub(crate) async fn perform(self, services: &Services) -> Result<Accepted, Problem> {
        let Self { token, password, display_name, caller, device } = self;
        let OptionalUser { actor, origin } = caller;
        let (token, invited) = look_at(services, &token).await?;
        let email = invited.invitation.email;
        let command = ProvisionAccount { email, password, display_name, origin: origin.clone() };
        let (ProvisionedAccount { user, created }, claim) = account(services, actor.as_ref(), command, &token).await?;
        let command = AcceptInvitation { token, user: user.id, claim, actor: actor.clone(), origin: origin.clone() };
        let membership = services.orgs.accept_invitation(command).await?;
        let profile_completion_required = !user.profile_complete();
        let signed_in = match actor {
            // Without a user token, only a new account gets a session: a forwarded mail must not open an existing
            // account.
            Some(actor) => Some(services.identity.continue_session(&actor).await?),
            None if created => Some(services.identity.first_session(user, device, &origin).await?),
            None => None,
        };
        let token = signed_in.map(|signed_in| signed_in.token);
        Ok(Accepted { membership, new_user: created, profile_completion_required, token })
    }
}

/// Returns the account of the invited address. A caller with a user token must own that account. The token then
/// verifies the address. A request that creates the account first claims the invitation, which blocks other requests
/// until the caller has joined.
async fn account(
    services: &Services,
    actor: Option<&Actor>,
    command: ProvisionAccount,
    token: &InvitationToken,
) -> Result<(ProvisionedAccount, Option<InvitationClaimId>), Problem> {
    if let Some(actor) = actor {
        let user = services.identity.verify_email(actor, &command.email).await?;
        return Ok((ProvisionedAccount { user, created: false }, None));
    }
    let prepared = services.identity.prepare_account(&command).await?;
    let claim = match prepared {
        Some(_) => Some(services.orgs.claim_invitation(token).await?),
        None => None,
    };
    let provisioned = services.identity.provision_account(command, prepared).await;
    // The account was not created, for example because another client registered the address in the meantime. Without
    // the claim, a caller with the password of that account can retry at once.
    if let (Err(_), Some(claim)) = (&provisioned, claim) {
        services.orgs.release_invitation(token, claim).await?;
    }
    Ok((provisioned?, claim))
}
