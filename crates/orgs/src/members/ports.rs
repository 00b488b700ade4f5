//! Ports of members.

mod departures;
mod user_profiles;

pub use departures::Departures;
pub use user_profiles::UserProfiles;
