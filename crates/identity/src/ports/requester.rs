//! For whom expensive work is done.

use tessera_kernel::{Network, Origin};

/// The requester of work that may have to wait. Requesters get their turns by network, and those that are known do not wait
/// for those that are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requester {
    /// The network that the request came from, where the transport knows it.
    pub network: Option<Network>,
    /// Whether they have signed in before: by a session, or with a device that the account knows.
    pub known: bool,
}

impl Requester {
    /// Anyone, by where their request came from.
    #[must_use]
    pub fn unknown(origin: &Origin) -> Self {
        Self { network: origin.network(), known: false }
    }

    /// A user with a session.
    #[must_use]
    pub fn known(origin: &Origin) -> Self {
        Self { known: true, ..Self::unknown(origin) }
    }
}
