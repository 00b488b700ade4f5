//! A user registers, signs in with the password, and is authenticated by the access token until the sign-out.
//!
//! The storage is in memory, and the other ports are fakes.

use tessera_identity::{
    Register, SignIn,
    model::{Device, PasswordAttempt, SessionRequest},
};
use tessera_kernel::{Actor, Principal, RequestMetadata};
use tessera_testkit::{
    Workbench,
    expectations::{ok, parsed},
};

#[tokio::main]
async fn main() {
    let identity = Workbench::new().identity();
    let origin = RequestMetadata { request_id: parsed("request-1"), client_request_id: None, address: None };
    let (email, password) = ("ada@example.com", "correct horse");
    let command = Register {
        email: parsed(email),
        password: parsed(password),
        display_name: Some(parsed("Ada")),
        first_name: None,
        last_name: None,
        origin: origin.clone(),
    };
    let user = ok(identity.register(command).await);

    let (password, device) = (PasswordAttempt::new(password), Device::seen(None, None));
    let command = SignIn {
        email: email.to_owned(),
        password,
        device,
        origin: origin.clone(),
        session: SessionRequest::default(),
    };
    let token = ok(identity.sign_in(command).await).token;

    let principal = ok(identity.authenticate(token.expose()).await);
    assert!(matches!(principal, Principal::User { id, .. } if id == user.id));

    ok(identity.sign_out(&Actor { principal, origin }).await);
    assert!(identity.authenticate(token.expose()).await.is_err());
}
