//! Public test vectors of the siwe project.

pub(crate) mod characters;
pub(crate) mod fields;
pub(crate) mod messages;
pub(crate) mod objects;
pub(crate) mod uris;
