//! Pages for people. Everything on them comes from this process, and nothing on them is inline.

pub(crate) mod api_docs;
pub(crate) mod assets;
pub(crate) mod forgot;
pub(crate) mod invitation;
pub(crate) mod layout;
pub(crate) mod refusal;
pub(crate) mod reset;
pub(crate) mod sign_in;
