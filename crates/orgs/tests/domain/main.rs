//! Tests of organizations, on fakes. One binary, because each binary is linked separately.

mod accept_invitation;
mod add_member;
mod change_role;
mod create_organization;
mod delete_organization;
mod ended_invitations;
mod invitations;
mod limits;
mod membership_visibility;
mod notices;
mod own_invitations;
mod ownership;
mod quotas;
mod remove_member;
mod require_mfa;
mod settings;
mod slug;
mod system_data;
mod update_organization;
mod view;
