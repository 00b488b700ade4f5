//! Invented sign-in session ids and codes cost one read each.

use std::time::Duration;

use tessera_kernel::{Chain, Role};
use tessera_sso::{
    ChallengeSso, ChallengeSsoError, RedeemSsoCode, RedeemSsoCodeError, VerifySso, VerifySsoError,
    model::{OneTimeSecret, SsoSessionId},
};
use tessera_testkit::{
    Workbench,
    builders::{accepted, application_id, organization_id, origin, sso_request, wallet_account},
    expectations::{failed, ok},
    fakes::SequentialEntropy,
};
use tokio::time::timeout;

fn verify(session: SsoSessionId, browser: Option<OneTimeSecret>) -> VerifySso {
    let signature = "0x01".to_owned();
    VerifySso { session, browser, message: "x".to_owned(), signature, user_agent: None, origin: origin() }
}

fn redeem() -> RedeemSsoCode {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned().into();
    RedeemSsoCode {
        code: "0".repeat(64),
        redirect_uri: "https://z.example.com/".to_owned(),
        verifier,
        origin: origin(),
    }
}

#[tokio::test]
async fn what_was_never_issued_writes_nothing_and_waits_for_no_writer() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let sso = bench.sso();
    let browser = || OneTimeSecret::generate(&SequentialEntropy::starting_at(7));
    let session = SsoSessionId::generate(&SequentialEntropy::starting_at(9));
    // The memory store allows one writer at a time, and this transaction is it.
    let writer = ok(bench.stores.sso.begin().await);
    let attempts = async {
        for _ in 0..50 {
            for held in [Some(browser()), None] {
                let error = failed(sso.verify(verify(session, held.clone())).await);
                assert!(matches!(error, VerifySsoError::Refused), "{error:?}");
                let account = wallet_account(1, Chain::Base);
                let error =
                    failed(sso.challenge(ChallengeSso { session, browser: held, wallet: accepted(account) }).await);
                assert!(matches!(error, ChallengeSsoError::NotFound), "{error:?}");
            }
            let error = failed(sso.redeem(redeem()).await);
            assert!(matches!(error, RedeemSsoCodeError::InvalidGrant), "{error:?}");
        }
    };
    ok(timeout(Duration::from_secs(30), attempts).await);
    drop(writer);
    assert_eq!(bench.actions(None).await, Vec::<String>::new());
    assert_eq!(bench.actions(Some(organization_id(1))).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_stranger_in_a_session_that_exists_is_counted_in_one_entry() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let sso = bench.sso();
    let begun = ok(sso.begin(sso_request(application_id(1)), origin().network()).await);
    for _ in 0..50 {
        let stranger = Some(OneTimeSecret::generate(&SequentialEntropy::starting_at(7)));
        let error = failed(sso.verify(verify(begun.session.id, stranger)).await);
        assert!(matches!(error, VerifySsoError::Refused), "{error:?}");
    }
    let events = bench.events(None).await;
    let counted: Vec<(&str, u64)> = events.iter().map(|event| (event.name.as_str(), event.attempts)).collect();
    assert_eq!(counted, [("sso.refused", 50)]);
}
