//! Secrets as text: a prefix, 256 bits in base62, and a checksum.
//!
//! The checksum allows secret scanners to recognize secrets, and allows the service to reject a malformed one without a
//! storage access. It proves nothing about the sender: the format is public and the checksum can be computed from it.

/// The number of digits for 256 bits.
pub const DIGITS: usize = 43;

/// The number of digits of the checksum.
pub const CHECKSUM: usize = 6;

/// The algorithm of the checksum, by its name in the catalogue of CRC algorithms. It covers the digits before it.
pub const CHECKSUM_ALGORITHM: &str = "CRC-32/ISO-HDLC";

/// The base62 digits in the order of their values.
pub const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Writes a secret.
#[must_use]
pub fn encode(prefix: &str, secret: [u8; 32]) -> String {
    let digits = to_base62::<DIGITS>(secret.to_vec());
    let checksum = checksum(&digits);
    format!("{prefix}{digits}{checksum}")
}

/// Returns whether the text has the prefix, the length, the digits and the checksum of a secret.
#[must_use]
pub fn is_well_formed(prefix: &str, text: &str) -> bool {
    digits(prefix, text).is_some()
}

/// Reads a secret. Returns `None` if the text is not well-formed, or its digits are more than 256 bits.
#[must_use]
pub fn decode(prefix: &str, text: &str) -> Option<[u8; 32]> {
    from_base62(digits(prefix, text)?)
}

/// The digits of the secret in a well-formed text.
fn digits<'a>(prefix: &str, text: &'a str) -> Option<&'a str> {
    let rest = text.strip_prefix(prefix)?;
    if rest.len() != DIGITS + CHECKSUM || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let (digits, stated) = rest.split_at(DIGITS);
    (checksum(digits) == stated).then_some(digits)
}

fn checksum(digits: &str) -> String {
    to_base62::<CHECKSUM>(crc32fast::hash(digits.as_bytes()).to_be_bytes().to_vec())
}

/// Encodes a big-endian number in exactly `WIDTH` digits. The number must fit: higher digits are lost.
fn to_base62<const WIDTH: usize>(mut number: Vec<u8>) -> String {
    let mut digits = [b'0'; WIDTH];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u16;
        for byte in &mut number {
            let value = remainder * 256 + u16::from(*byte);
            // The remainder is less than 62, so the quotient fits into a byte.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = ALPHABET.as_bytes()[usize::from(remainder)];
    }
    digits.iter().copied().map(char::from).collect()
}

/// Decodes a big-endian number. Returns `None` if it does not fit.
fn from_base62(digits: &str) -> Option<[u8; 32]> {
    let mut number = [0_u8; 32];
    for digit in digits.bytes() {
        let mut carry = u16::try_from(ALPHABET.bytes().position(|known| known == digit)?).ok()?;
        for byte in number.iter_mut().rev() {
            let value = u16::from(*byte) * 62 + carry;
            let [high, low] = value.to_be_bytes();
            *byte = low;
            carry = u16::from(high);
        }
        if carry > 0 {
            return None;
        }
    }
    Some(number)
}
