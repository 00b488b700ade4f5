//! Entities and value objects.

mod application;
mod redirect_uri;

pub use application::{Application, ApplicationDescription, ApplicationName, DeclaredPermissions, TooManyPermissions};
pub use redirect_uri::{RedirectUri, RedirectUriError, RedirectUris, TooManyRedirectUris};
