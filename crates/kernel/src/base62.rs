//! Base 62 of fixed width, with the alphabet 0-9 A-Z a-z.

/// The digits in the order of their values.
pub(crate) const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Encodes a big-endian number in exactly `WIDTH` digits. The number must fit: higher digits are lost.
pub(crate) fn encode<const WIDTH: usize>(mut number: Vec<u8>) -> String {
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

/// Returns whether every character is a base62 digit.
pub(crate) fn is_base62(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric())
}
