//! Tests of pages in a real browser.

mod invitation;
mod reset;
mod sign_in;
mod stage;
mod trouble;
mod wallets;
