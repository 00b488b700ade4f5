//! All rate limits with their default quotas.

use super::RateLimit;

/// Declares the limits, and lists all of them.
macro_rules! limits {
    ($($(#[doc = $about:literal])+
        $limit:ident = $name:literal $(as $shown:literal)?, $quota:literal / $seconds:literal;
    )+) => {
        $($(#[doc = $about])+
        pub const $limit: RateLimit = RateLimit::new($name, $quota, $seconds)$(.shown_as($shown))?;)+

        /// All limits. There is no other: a setting can change each of them.
        pub const ALL: &[RateLimit] = &[$($limit),+];
    };
}

limits! {
    /// Wrong passwords, for each address and network. Counted in storage.
    SIGN_IN = "sign-in", 10 / 900;
    /// Wrong passwords from networks that the account does not know, for each address. Counted in storage.
    SIGN_IN_ACCOUNT = "sign-in-account" as "sign-in", 30 / 900;
    /// Wrong passwords for all addresses, for each network. Counted in storage.
    SIGN_IN_NETWORK = "sign-in-network", 100 / 900;
    /// Wrong TOTP codes, recovery codes and codes of mails, for each account. Counted in storage.
    FACTOR = "factor", 10 / 900;
    /// Registrations, for each network. Counted in storage.
    REGISTER = "register", 20 / 3_600;
    /// Requests for mails with a link that anyone can request, for each network. Counted in storage.
    MAIL_NETWORK = "mail-network", 30 / 3_600;
    /// Invitations sent and resent, for each inviter, in all organizations together. Counted in storage.
    INVITE = "invite", 60 / 3_600;
    /// [`INVITE`] for inviters without a verified address. Counted in storage.
    INVITE_UNVERIFIED = "invite-unverified" as "invite", 5 / 3_600;
    /// Invitations to one address, for each inviter (in all organizations together) and each organization. Counted in
    /// storage.
    INVITE_ADDRESS = "invite-address", 5 / 86_400;
    /// Invitations to one address from all inviters with a verified address whose organization had an invitation accepted.
    /// Counted in storage.
    INVITE_RECIPIENT = "invite-recipient", 20 / 86_400;
    /// Invitations to one address from all other inviters of one kind. Counted in storage.
    INVITE_RECIPIENT_NEW = "invite-recipient-new" as "invite-recipient", 10 / 86_400;
    /// Members added without an invitation, for each user or service account that adds them. Counted in storage.
    ADD_MEMBER = "add-member", 30 / 3_600;
    /// Wallet challenges and started sign-ins to applications, for each network. Counted on the node.
    CHALLENGE = "challenge", 60 / 60;
    /// Invalid tokens, links, codes and signatures, and unknown keys, for each network. Counted on the node.
    CREDENTIAL = "credential", 100 / 60;
    /// Reports of leaked keys, for each network. A report has up to 100 keys, and each well-formed one costs an indexed
    /// read. Counted on the node.
    LEAK_REPORT = "leak-report", 60 / 60;
    /// Signatures that a contract must verify, for each network. A sign-in needs one. Counted on the node.
    CONTRACT_WALLET = "contract-wallet", 20 / 60;
    /// Signatures that a contract must verify, for each wallet. It is higher than the limit of the network, so that one
    /// network cannot exhaust the limit of a wallet. Counted on the node.
    CONTRACT_WALLET_ADDRESS = "contract-wallet-address" as "contract-wallet", 60 / 60;
    /// Requests of a session or, without a credential or to an unknown path, of a network. Counted on the node.
    REQUESTS = "requests", 1_200 / 60;
}
