//! ABI encoding of contract arguments.

/// Encodes a number as one 32-byte word.
pub(super) fn word(number: usize) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
    word
}

/// Encodes bytes as their length, followed by the content padded to whole words.
pub(super) fn bytes(content: &[u8]) -> Vec<u8> {
    let padding = content.len().next_multiple_of(32) - content.len();
    [&word(content.len()), content, &[0; 32][..padding]].concat()
}
