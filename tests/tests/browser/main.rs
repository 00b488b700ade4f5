//! Pages in a real browser: what people see and do there.

mod invitation;
mod reset;
mod sign_in;
mod stage;
mod trouble;
mod wallets;
