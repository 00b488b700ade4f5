//! Comparison of the framing with the decoder of actix-http.

use actix_http::{
    error::ParseError,
    h1::{Codec, MessageType},
};
use bytes::BytesMut;
use tessera_http_guard::Framing;
use tokio::{runtime::Builder, task::LocalSet};
use tokio_util::codec::Decoder as _;

/// Asserts that framing and decoder agree on these bytes up to the first fault, for every split into two parts.
///
/// # Panics
/// If they disagree.
pub(crate) fn sees_the_same(bytes: &[u8]) {
    let fault = fault_of(&[bytes]);
    for at in 0..=bytes.len() {
        assert_eq!(fault_of(&[&bytes[..at], &bytes[at..]]), fault, "in two parts, at {at}");
    }
    // The decoder has a clock that requires a runtime.
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let found = LocalSet::new().block_on(&runtime, async { beside_the_decoder(bytes) });
    assert_eq!(found, fault, "byte by byte");
}

/// Returns the index of the fault that the framing finds in these parts, and whether it is in a head.
pub(crate) fn fault_of(parts: &[&[u8]]) -> Option<(usize, bool)> {
    let mut framing = Framing::default();
    let mut read = 0;
    for part in parts {
        if let Err(at) = follow(&mut framing, &mut part.to_vec()) {
            return Some((read + at, framing.in_head()));
        }
        read += part.len();
    }
    None
}

/// Follows all bytes across the ends of requests. The error is the index of the first fault.
fn follow(framing: &mut Framing, bytes: &mut [u8]) -> Result<(), usize> {
    let mut read = 0;
    while let Some(end) = framing.advance(&mut bytes[read..]).map_err(|at| read + at)? {
        read += end;
    }
    Ok(())
}

/// The result of the decoder for the bytes so far.
enum Decoded {
    All,
    Refused,
    Broken,
}

fn decode(codec: &mut Codec, buffer: &mut BytesMut) -> Decoded {
    loop {
        match codec.decode(buffer) {
            Ok(Some(_)) => {}
            Ok(None) => return Decoded::All,
            // In this case, actix-http closes the connection without a response.
            Err(ParseError::Io(_)) => return Decoded::Broken,
            Err(_) => return Decoded::Refused,
        }
    }
}

/// Compares byte by byte. After the decoder rejects a head, it reads no more, so the framing is then not compared any
/// further.
fn beside_the_decoder(bytes: &[u8]) -> Option<(usize, bool)> {
    let (mut framing, mut codec, mut buffer) = (Framing::default(), Codec::default(), BytesMut::new());
    for (at, byte) in bytes.iter().enumerate() {
        let within = at_a_head(&codec);
        let mut byte = [*byte];
        if follow(&mut framing, &mut byte).is_err() {
            assert_eq!(framing.in_head(), within, "the fault at {at} is in another place");
            buffer.extend_from_slice(&[0]);
            let refused = !within || matches!(decode(&mut codec, &mut buffer), Decoded::Refused);
            assert!(refused, "the decoder does not refuse what stands for the fault at {at}");
            return Some((at, within));
        }
        buffer.extend_from_slice(&byte);
        match decode(&mut codec, &mut buffer) {
            Decoded::All => assert_eq!(framing.in_head(), at_a_head(&codec), "behind the byte at {at}"),
            Decoded::Broken => panic!("the decoder breaks at {at}, and the framing saw no fault"),
            Decoded::Refused => return fault_of(&[bytes]),
        }
    }
    None
}

fn at_a_head(codec: &Codec) -> bool {
    codec.message_type() == MessageType::None
}
