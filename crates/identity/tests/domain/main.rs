//! Tests of the identity domain, on fakes. One binary, because each further one costs a link.

mod authenticate;
mod change_password;
mod custom_data;
mod device;
mod device_tokens;
mod invited_accounts;
mod known_devices;
mod link_wallet;
mod never_issued;
mod notices;
mod password;
mod register;
mod request_password_reset;
mod reset_password;
mod sign_in;
mod sign_in_with_wallet;
mod sign_out;
mod siwe;
mod siwe_vectors;
mod update_profile;
mod vectors;
mod verify_email;
mod view_profile;
mod wallet_values;
mod wallets;
mod wrong_passwords;
