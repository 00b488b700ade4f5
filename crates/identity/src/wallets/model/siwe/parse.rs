//! Strict parser of messages.

use std::str::{FromStr, Split};

use time::OffsetDateTime;

use super::{SiweMessage, grammar};
use tessera_kernel::{Namespace, WalletAddress};

/// The text is not an ERC-4361 message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message of ERC-4361: {field}")]
pub struct SiweError {
    /// The first field that violates the grammar.
    pub field: &'static str,
}

const fn fault(field: &'static str) -> SiweError {
    SiweError { field }
}

/// The lines of a message. They have a fixed order.
struct Lines<'a> {
    lines: Split<'a, char>,
    ahead: Option<&'a str>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let mut lines = text.split('\n');
        let ahead = lines.next();
        Self { lines, ahead }
    }

    fn next(&mut self) -> Option<&'a str> {
        std::mem::replace(&mut self.ahead, self.lines.next())
    }

    /// Reads the next line. Fails if it is missing or invalid.
    fn read<T>(&mut self, field: &'static str, read: impl FnOnce(&'a str) -> Option<T>) -> Result<T, SiweError> {
        self.next().and_then(read).ok_or(fault(field))
    }

    fn blank(&mut self, field: &'static str) -> Result<(), SiweError> {
        self.read(field, |line| line.is_empty().then_some(()))
    }

    /// Reads the value of the next line if the line has that prefix.
    fn optional<T>(
        &mut self,
        field: &'static str,
        prefix: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, SiweError> {
        let Some(value) = self.ahead.and_then(|line| line.strip_prefix(prefix)) else { return Ok(None) };
        self.next();
        read(value).map(Some).ok_or(fault(field))
    }
}

impl FromStr for SiweMessage {
    type Err = SiweError;

    fn from_str(text: &str) -> Result<Self, SiweError> {
        if text.len() > Self::MAX_BYTES {
            return Err(fault("length"));
        }
        let mut lines = Lines::of(text);
        let (scheme, domain) = lines.read("domain", preamble)?;
        let address = lines.read("address", address)?;
        lines.blank("address")?;
        let statement = statement(&mut lines)?;
        let uri = lines.read("URI", |line| line.strip_prefix("URI: ").filter(|uri| grammar::is_uri(uri)))?;
        lines.read("Version", |line| (line == "Version: 1").then_some(()))?;
        let chain_id = lines.read("Chain ID", |line| line.strip_prefix("Chain ID: ").and_then(grammar::chain_id))?;
        let nonce = lines.read("Nonce", |line| line.strip_prefix("Nonce: ").filter(|n| grammar::is_nonce(n)))?;
        let issued_at =
            lines.read("Issued At", |line| line.strip_prefix("Issued At: ").and_then(grammar::date_time))?;
        let (expiration_time, not_before) = times(&mut lines)?;
        let id = |id: &str| grammar::is_pchars(id).then(|| id.to_owned());
        let request_id = lines.optional("Request ID", "Request ID: ", id)?;
        let resources = resources(&mut lines)?;
        if lines.next().is_some() {
            return Err(fault("end"));
        }
        Ok(Self {
            scheme: scheme.map(str::to_owned),
            domain: domain.to_owned(),
            address,
            statement: statement.map(str::to_owned),
            uri: uri.to_owned(),
            chain_id,
            nonce: nonce.to_owned(),
            issued_at,
            expiration_time,
            not_before,
            request_id,
            resources,
        })
    }
}

fn preamble(line: &str) -> Option<(Option<&str>, &str)> {
    let origin = line.strip_suffix(" wants you to sign in with your Ethereum account:")?;
    let (scheme, domain) = match origin.split_once("://") {
        Some((scheme, domain)) => (Some(scheme), domain),
        None => (None, origin),
    };
    (scheme.is_none_or(grammar::is_scheme) && grammar::is_authority(domain)).then_some((scheme, domain))
}

/// Requires the address with its checksum. Another spelling is rejected, so that a message has only one text.
fn address(line: &str) -> Option<WalletAddress> {
    let address = WalletAddress::parse(line, Namespace::Eip155).ok()?;
    (address.to_string() == line).then_some(address)
}

/// Reads a statement line and the blank line after it, or only the blank line.
fn statement<'a>(lines: &mut Lines<'a>) -> Result<Option<&'a str>, SiweError> {
    let line = lines.read("statement", |line| grammar::is_statement(line).then_some(line))?;
    if line.is_empty() {
        return Ok(None);
    }
    lines.blank("statement")?;
    Ok(Some(line))
}

type Times = (Option<OffsetDateTime>, Option<OffsetDateTime>);

fn times(lines: &mut Lines<'_>) -> Result<Times, SiweError> {
    let expiration_time = lines.optional("Expiration Time", "Expiration Time: ", grammar::date_time)?;
    let not_before = lines.optional("Not Before", "Not Before: ", grammar::date_time)?;
    Ok((expiration_time, not_before))
}

fn resources(lines: &mut Lines<'_>) -> Result<Vec<String>, SiweError> {
    let mut resources = Vec::new();
    if lines.optional("Resources", "Resources:", |rest| rest.is_empty().then_some(()))?.is_none() {
        return Ok(resources);
    }
    let resource = |uri: &str| grammar::is_uri(uri).then(|| uri.to_owned());
    while let Some(uri) = lines.optional("Resources", "- ", resource)? {
        resources.push(uri);
    }
    Ok(resources)
}
