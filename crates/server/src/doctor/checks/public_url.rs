//! The public URL: its scheme, and whether this installation responds there.

use std::time::{Duration, Instant};

use reqwest::{Client, redirect::Policy};
use serde_json::Value;
use tessera_adapters::Inspection;

use crate::{
    dev_mail::is_loopback,
    doctor::finding::{Status, cause_of},
};

use crate::doctor::{context::Context, finding::Finding};

/// Less than the time limit of a check, so that the cause is known.
const PATIENCE: Duration = Duration::from_secs(4);

/// The largest response that is read. That of the service is a few kilobytes.
const LONGEST: usize = 256 * 1024;

pub(super) async fn check(context: &Context, database: Option<&mut Inspection>) -> Finding {
    let url = context.config.public_url.as_str();
    let local = is_loopback(url);
    let mut findings = Vec::new();
    if !url.starts_with("https://") {
        findings.push(of_scheme(context, local));
    }
    let (known, started) = (key_ids(database).await, Instant::now());
    let response = match ask(url).await {
        Ok(published) => of_keys(url, &published, known.as_deref(), started.elapsed()),
        Err(cause) => no_response(url, &cause, local),
    };
    let otherwise = if response.status == Status::Ok { response.clone() } else { Finding::ok(url) };
    findings.push(response);
    Finding::combined(findings, otherwise)
}

fn of_scheme(context: &Context, local: bool) -> Finding {
    let advice = "set TESSERA_PUBLIC_URL to the https URL that users open, such as https://accounts.example.com";
    match (context.config.public_url_is_default, local) {
        (true, _) => {
            Finding::warn("TESSERA_PUBLIC_URL is not set, so links in mails work on this machine only", advice)
        }
        (false, true) => Finding::warn("it is for this machine only", advice),
        (false, false) => {
            Finding::fail("it is not https: passwords and tokens cross the network in plain text", advice)
        }
    }
}

/// The ids of the keys of this installation. `None` if they are not known.
async fn key_ids(database: Option<&mut Inspection>) -> Option<Vec<String>> {
    let keys = database?.signing_keys().await.ok()?;
    Some(keys.iter().map(|key| key.id.to_string()).collect())
}

/// Returns the ids of the keys that are published at the URL.
async fn ask(url: &str) -> Result<Vec<String>, String> {
    let client = Client::builder().redirect(Policy::none()).no_proxy().timeout(PATIENCE).build().map_err(cause_of)?;
    let lost = |error: reqwest::Error| cause_of(error.without_url());
    let mut response = client.get(format!("{url}/.well-known/jwks.json")).send().await.map_err(lost)?;
    if !response.status().is_success() {
        return Err(format!("it responds with {}", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err("its response is not that of tessera".to_owned());
        }
    }
    let body: Value = serde_json::from_slice(&body).map_err(|_| "its response is not that of tessera".to_owned())?;
    let keys = body["keys"].as_array().ok_or("its response is not that of tessera")?;
    Ok(keys.iter().filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect())
}

fn of_keys(url: &str, published: &[String], known: Option<&[String]>, took: Duration) -> Finding {
    let milliseconds = took.as_millis();
    match known {
        None => Finding::ok(format!(
            "{url} responds in {milliseconds} ms; the database is needed to tell whose keys it publishes"
        )),
        Some(known) if published.iter().any(|id| known.contains(id)) => {
            Finding::ok(format!("this installation responds at {url} in {milliseconds} ms"))
        }
        Some(_) => Finding::fail(
            format!("another installation responds at {url}: none of its keys is in this database"),
            "correct TESSERA_PUBLIC_URL, the target of the reverse proxy, or TESSERA_DATABASE_URL of this command",
        ),
    }
}

fn no_response(url: &str, cause: &str, local: bool) -> Finding {
    let detail = format!("{url} is not reached from this machine: {cause}");
    if local {
        Finding::warn(detail, "start the service with tessera serve")
    } else {
        Finding::fail(
            detail,
            format!(
                "start the service, and correct DNS, certificate or reverse proxy; curl -v {url}/health/live shows more"
            ),
        )
    }
}
