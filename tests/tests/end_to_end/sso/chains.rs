//! Sign-ins with wallets of chains that the operator lists.

use serde_json::json;
use tessera_tests::{
    api::text_of, database::Backend, on_both, process::Installation, sso::BrowserSession, test_org::TestOrg,
    wallet::EvmWallet,
};

use super::flow::claims;

on_both! {
    a_sign_in_may_name_a_listed_chain
}

async fn a_sign_in_may_name_a_listed_chain(backend: Backend) {
    let wallet = EvmWallet::new();
    let acme = TestOrg::open_on(Installation::new(backend).await.set("TESSERA_EVM_CHAINS", "100")).await;
    let session = BrowserSession::begin(&acme).await;
    let api = acme.api().with_cookie(&session.cookie);
    let on = |chain: u64| {
        let mut body = session.named(&wallet);
        body["chain_id"] = chain.into();
        body
    };
    for chain in [5, 0, 9_007_199_254_740_992] {
        assert_eq!(api.post("/sso/web3/challenge", &on(chain)).await.faults(), ["/chain_id"], "{chain}");
    }
    // The same without a sign-in: the body is checked first.
    let rejected = acme.api().post("/sso/web3/challenge", &on(5)).await;
    assert_eq!(rejected.json()["errors"][0]["detail"], "must be one of 1, 137, 42161, 10, 8453, 100");
    let message = text_of(&api.post("/sso/web3/challenge", &on(100)).await.expecting(200), "message");
    assert!(message.contains("\nChain ID: 100\n"), "{message}");
    let proof = json!({ "session_id": session.session, "message": message, "signature": wallet.sign(&message) });
    let done = session.verify(&acme.api(), &proof).await.expecting(200);
    assert_eq!(claims(&acme, &done["token"]).await["chain_id"], 100);
}
