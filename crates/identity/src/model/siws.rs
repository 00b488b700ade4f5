//! What Solana wallets sign: the text itself, or the text in an envelope.

use std::ops::Range;

use time::OffsetDateTime;

use super::{Nonce, Site, WalletAddress, rfc3339::rfc3339};

/// The message that a Solana wallet may sign instead of the bare nonce ("Sign In With Solana"). Every word of it follows
/// from the challenge, so it need not be sent along: only a wallet that was shown this very text has signed it.
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

/// The bytes that may be signed for a text: its own, and those of the off-chain message that hardware wallets make of it so
/// that no text can be a transaction. There are two layouts of it in use, that of Solana's own tools and that of the
/// proposal, which names the application (none here) and the signer.
pub(super) fn forms(text: &str, signer: &WalletAddress) -> Vec<Vec<u8>> {
    const DOMAIN: &[u8] = b"\xffsolana offchain";
    const VERSION: u8 = 0;
    /// Printable ASCII in one line, or text of UTF-8.
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
