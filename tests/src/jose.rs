//! Verification of service tokens as another service would do it: only with the published keys, and without the
//! libraries that the service signs with. An RSA verification is one exponentiation and one comparison (RFC 8017
//! section 8.2.2).

use data_encoding::BASE64URL_NOPAD;
use num_bigint::BigUint;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The ASN.1 prefix of a SHA-256 digest (RFC 8017 section 9.2, note 1).
const SHA_256: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

/// Verifies a token against published keys. Returns its header and claims.
///
/// # Errors
/// Fails with the reason why the token is invalid. The caller must check times and audience.
pub fn verify(keys: &Value, token: &str) -> Result<(Value, Value), String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return Err("it has not three parts".to_owned()) };
    let parsed = parse(header)?;
    if parsed["alg"] != "RS256" {
        return Err(format!("its algorithm is {}", parsed["alg"]));
    }
    let key = keys["keys"].as_array().into_iter().flatten().find(|key| key["kid"] == parsed["kid"]);
    let key = key.ok_or_else(|| format!("the key {} is unknown", parsed["kid"]))?;
    let (modulus, exponent) = (number(key, "n")?, number(key, "e")?);
    let length = usize::try_from(modulus.bits().div_ceil(8)).map_err(|error| error.to_string())?;
    let signature = decode(signature)?;
    let message = BigUint::from_bytes_be(&signature).modpow(&exponent, &modulus);
    let expected = padded(format!("{header}.{claims}").as_bytes(), length);
    if signature.len() != length || message != BigUint::from_bytes_be(&expected) {
        return Err("the signature does not fit".to_owned());
    }
    Ok((parsed, parse(claims)?))
}

/// The padded digest of a text that a signature must contain, as long as the key.
fn padded(text: &[u8], length: usize) -> Vec<u8> {
    let digest = Sha256::digest(text);
    let filling = length.saturating_sub(3 + SHA_256.len() + digest.len());
    [&[0, 1][..], &vec![0xff; filling], &[0], &SHA_256, &digest].concat()
}

fn number(key: &Value, member: &str) -> Result<BigUint, String> {
    let text = key[member].as_str().ok_or_else(|| format!("the key has no {member}"))?;
    let bytes = decode(text)?;
    // RFC 7518 section 6.3.1: no leading zeros.
    if bytes.first().is_none_or(|first| *first == 0) {
        return Err(format!("{member} is not minimal"));
    }
    Ok(BigUint::from_bytes_be(&bytes))
}

fn parse(part: &str) -> Result<Value, String> {
    serde_json::from_slice(&decode(part)?).map_err(|error| error.to_string())
}

fn decode(part: &str) -> Result<Vec<u8>, String> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|error| error.to_string())
}
