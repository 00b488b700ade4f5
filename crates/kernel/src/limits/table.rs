//! All rate limits with their default quotas, and all bounds.

use super::{Bound, RateLimit};

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

/// Declares the bounds, and lists all of them.
macro_rules! bounds {
    ($($(#[doc = $about:literal])+ $bound:ident = $name:literal, $maximum:literal;)+) => {
        $($(#[doc = $about])+
        pub const $bound: Bound = Bound { name: $name, maximum: $maximum };)+

        /// All bounds. There is no other on what a requester has open: a setting can change each of them.
        pub const BOUNDS: &[Bound] = &[$($bound),+];
    };
}

limits! {
    /// Wrong passwords, for each address and network. Counted in storage.
    SIGN_IN = "sign-in", 10 / 900;
    /// Wrong passwords from networks that the account does not know, for each address. Counted in storage.
    SIGN_IN_ACCOUNT = "sign-in-account" as "sign-in", 30 / 900;
    /// Wrong passwords for all addresses, for each network. Counted in storage.
    SIGN_IN_NETWORK = "sign-in-network", 100 / 900;
    /// Wrong passwords with a device token that the account knows, for each token. It replaces the three above. Counted in
    /// storage.
    SIGN_IN_DEVICE = "sign-in-device", 10 / 900;
    /// Wrong TOTP codes, recovery codes and codes of mails, for each account. Counted in storage.
    FACTOR = "factor", 10 / 900;
    /// Registrations, for each network. Counted in storage.
    REGISTER = "register", 20 / 3_600;
    /// Mails with a link that anyone can request, for each recipient; verification mails and reset links separately.
    /// Counted in storage.
    MAIL = "mail", 5 / 3_600;
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
    /// Notices of changes and of sign-ins, for each recipient and topic. The last one in a window says that it is the last.
    /// Counted in storage, in the transaction of the change.
    NOTICE = "notice", 5 / 3_600;
}

bounds! {
    /// Requests that wait for the hash of a password or the check of a signature, for each thread of a node that does this
    /// work. Half of the places are for requesters with a session, or with a device or device token that the account
    /// knows. In a full queue, a request of a network with few requests displaces one of the network with the most.
    HASH_QUEUE = "hash-queue", 256;
    /// Wallet challenges that are not answered, for each network. Kept on the node. A further one displaces the oldest one.
    /// The limit [`CHALLENGE`] allows no more than this during the lifetime of a challenge, so this bound only matters if
    /// the limit is higher or off, or for challenges to link.
    OPEN_CHALLENGES = "open-challenges", 300;
    /// Wallet challenges that are not answered, of all networks. Kept on the node. A further one displaces the oldest one.
    /// The default needs about 60 MB. A node that issues 1,000 challenges per second, as fast as it can store them, still
    /// keeps each one for 100 seconds.
    OPEN_CHALLENGES_NODE = "open-challenges-node", 100_000;
    /// Unfinished sign-ins to applications, for each network. Counted in storage. A further one displaces one of the
    /// network. One network cannot use up the share of an application alone.
    OPEN_SIGN_INS = "open-sign-ins", 600;
    /// Unfinished sign-ins to one application, of all networks. Counted in storage. A further one displaces another one.
    OPEN_SIGN_INS_APPLICATION = "open-sign-ins-application", 10_000;
}
