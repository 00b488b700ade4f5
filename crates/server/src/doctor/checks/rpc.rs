//! The chain nodes: each responds, and is on its chain.

use std::sync::Arc;

use tessera_adapters::JsonRpcReader;
use tokio::task::JoinSet;

use crate::doctor::finding::cause_of;

use crate::doctor::{context::Context, finding::Finding};

pub(super) async fn check(context: Arc<Context>) -> Finding {
    let nodes = &context.config.rpc;
    if nodes.is_empty() {
        return Finding::skip("no chain nodes are configured, so only key signatures of wallets are accepted");
    }
    let reader = match JsonRpcReader::new(nodes.iter().cloned()) {
        Ok(reader) => Arc::new(reader),
        Err(error) => return Finding::fail(cause_of(error), "see that the certificates of the system are installed"),
    };
    let mut asked = JoinSet::new();
    for (chain, _) in nodes {
        let (reader, chain) = (Arc::clone(&reader), *chain);
        asked.spawn(async move { (chain, reader.check(chain).await) });
    }
    let mut findings = Vec::new();
    while let Some(Ok((chain, checked))) = asked.join_next().await {
        if let Err(error) = checked {
            let variable = format!("TESSERA_RPC_{}", chain.to_string().to_ascii_uppercase());
            findings.push(Finding::fail(
                format!("{chain}: {}", cause_of(error)),
                format!("set {variable} to a node of {chain} that this machine reaches"),
            ));
        }
    }
    Finding::combined(findings, Finding::ok(format!("{} chain nodes respond, each on its chain", nodes.len())))
}
