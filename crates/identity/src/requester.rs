//! Requesters of expensive work.

use tessera_kernel::{Network, RequestMetadata};

/// The requester of work that may have to queue. Queues are fair between networks. Known requesters do not wait for
/// unknown ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requester {
    /// The network of the request, if the transport knows it.
    pub network: Option<Network>,
    /// Whether the requester has signed in before: with a session, or with a device or device token that the account knows.
    pub known: bool,
}

impl Requester {
    /// Creates an unknown requester with the network of the request.
    #[must_use]
    pub fn unknown(origin: &RequestMetadata) -> Self {
        Self { network: origin.network(), known: false }
    }

    /// Creates the requester for a user with a session.
    #[must_use]
    pub fn known(origin: &RequestMetadata) -> Self {
        Self { known: true, ..Self::unknown(origin) }
    }
}
