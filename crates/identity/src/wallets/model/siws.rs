//! Messages that Solana wallets sign, bare or in an envelope.

use std::ops::Range;

use tessera_kernel::{WalletAddress, rfc3339};
use time::OffsetDateTime;

use super::{Nonce, Site};

/// Returns the "Sign In With Solana" message that a wallet may sign instead of the bare nonce. The message is fully
/// determined by the challenge, so the client does not send it: only a wallet that showed this exact text can have
/// signed it.
pub(super) fn message(
    site: &Site,
    address: &WalletAddress,
    statement: &str,
    nonce: &Nonce,
    validity: Range<OffsetDateTime>,
) -> String {
    format!(
        "{domain} wants you to sign in with your Solana account:\n{address}\n\n{statement}\n\nURI: {uri}\nVersion: 1\n\
         Chain ID: mainnet\nNonce: {nonce}\nIssued At: {issued_at}\nExpiration Time: {expires_at}",
        domain = site.domain(),
        uri = site.uri(),
        issued_at = rfc3339(validity.start),
        expires_at = rfc3339(validity.end),
    )
}

/// Returns the byte strings that may be signed for a text: the text itself, and the off-chain messages that hardware
/// wallets make of it. The envelope ensures that no text can be a transaction. Two layouts are in use: the layout of
/// Solana's own tools, and the layout of the proposal, which contains the application (none here) and the signer.
pub(super) fn forms(text: &str, signer: &WalletAddress) -> Vec<Vec<u8>> {
    const DOMAIN: &[u8] = b"\xffsolana offchain";
    const VERSION: u8 = 0;
    /// Format 0 is printable ASCII in one line, format 1 is UTF-8 text.
    const FORMATS: [u8; 2] = [0, 1];
    const NO_APPLICATION: [u8; 32] = [0; 32];
    const ONE: u8 = 1;
    let bare = text.as_bytes().to_vec();
    let (WalletAddress::Solana(key), Ok(length)) = (signer, u16::try_from(text.len())) else { return vec![bare] };
    let one_line = text.bytes().all(|b| (0x20..=0x7e).contains(&b));
    let format = FORMATS[usize::from(!one_line)];
    let (head, body) = ([DOMAIN, &[VERSION]].concat(), [&length.to_le_bytes(), text.as_bytes()].concat());
    let plain = [&head[..], &[format], &body].concat();
    let addressed = [&head[..], &NO_APPLICATION, &[format, ONE], key, &body].concat();
    vec![bare, plain, addressed]
}
