//! Rows to which the rows of another port refer.

use async_trait::async_trait;
use tessera_apps::model::Application;
use tessera_identity::model::{Session, User};
use tessera_orgs::model::{Membership, Organization};

/// A row to which rows of other ports refer.
#[derive(Debug, Clone, Copy)]
pub enum Reference<'a> {
    /// A user.
    User(&'a User),
    /// A session of a user.
    Session(&'a Session),
    /// An organization.
    Organization(&'a Organization),
    /// A membership of a user in an organization.
    Membership(&'a Membership),
    /// An application of an organization.
    Application(&'a Application),
}

/// A storage that has copies of the rows of other ports, because it checks references by itself, for example with
/// foreign keys.
#[async_trait]
pub trait References: Send + Sync {
    /// Copies a row that a case has added through its port.
    async fn copy(&self, row: Reference<'_>);
}
