//! Tests of pages in a real browser.

mod accessibility;
mod docs;
mod documented_client;
mod example;
mod factor;
mod forms;
mod invitation;
mod pages;
mod passkeys;
mod reset;
mod sign_in;
mod test_server;
mod trouble;
mod wallets;
