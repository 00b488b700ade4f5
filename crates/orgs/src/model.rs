//! Entities and value objects.

mod membership;
mod organization;
mod slug;

pub use membership::{Member, Membership, Profile};
pub use organization::{Organization, OrganizationName};
pub use slug::{Slug, SlugError};
