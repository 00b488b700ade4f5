//! The boundaries of requests in the bytes of a connection, and the first byte that two parsers could interpret
//! differently.
//!
//! The decoder of actix-http parses the requests. This code only follows the bytes and stores no text, so a connection
//! needs constant memory. It need not handle the rest of a head that the decoder rejects, because no byte after that is
//! read.
//!
//! It changes one thing: it hides `Upgrade: websocket`, for which the decoder ignores `Content-Length` and reads until
//! the connection ends. A server may ignore `Upgrade` (RFC 9110, section 7.8).

use memchr::memchr;

/// A position in the bytes of a connection.
#[derive(Debug, Clone, Default)]
pub struct Framing(Place);

#[derive(Debug, Clone)]
enum Place {
    Head(Head),
    /// A body with that number of remaining bytes.
    Fixed(u64),
    Chunked(Chunked),
    /// All further bytes belong to the last request, or no more bytes will be read.
    Unbounded,
}

impl Default for Place {
    fn default() -> Self {
        Self::Head(Head::default())
    }
}

impl Framing {
    /// Follows these bytes to the end of the head or body that they belong to. Returns the number of bytes up to this
    /// end, or `None` if the bytes do not contain it. Bytes after the end are ignored.
    ///
    /// In the value of `Upgrade`, a first `w` is replaced, so that the decoder does not recognize `websocket`.
    ///
    /// # Errors
    /// The index of the first invalid byte: a line feed without a carriage return in a head, a chunk size or a trailer,
    /// or any other error in the chunks of a body, such as more than 16 KiB of extensions and trailers.
    pub fn advance(&mut self, bytes: &mut [u8]) -> Result<Option<usize>, usize> {
        let ended = match &mut self.0 {
            Place::Head(head) => head.follow(bytes)?.map(|end| (end, head.what_follows())),
            Place::Fixed(left) => skip(left, bytes).map(|end| (end, Place::default())),
            Place::Chunked(chunked) => chunked.follow(bytes)?.map(|end| (end, Place::default())),
            Place::Unbounded => None,
        };
        let Some((end, next)) = ended else { return Ok(None) };
        self.0 = next;
        Ok(Some(end))
    }

    /// Returns whether the next byte belongs to a head. After a fault, returns whether the fault is in a head.
    #[must_use]
    pub fn in_head(&self) -> bool {
        matches!(self.0, Place::Head(_))
    }
}

/// Skips data. Returns the index after its end, if the bytes contain it.
fn skip(left: &mut u64, bytes: &[u8]) -> Option<usize> {
    match usize::try_from(*left) {
        Ok(end) if end <= bytes.len() => Some(end),
        _ => {
            *left -= bytes.len() as u64;
            None
        }
    }
}

/// The parser state of a head.
#[derive(Debug, Clone, Default)]
struct Head {
    line: Line,
    connect: bool,
    bounds: Bounds,
}

/// How the header fields delimit the body. The decoder accepts at most one of them.
#[derive(Debug, Clone, Copy, Default)]
enum Bounds {
    #[default]
    Nothing,
    Length(u64),
    Chunked,
    Refused,
}

/// The position in a head. A number is the count of bytes of a word that were read so far.
#[derive(Debug, Clone, Copy, Default)]
enum Line {
    /// Before the request line, where empty lines are skipped.
    #[default]
    First,
    Empty,
    Method(usize),
    Start,
    /// A carriage return at the start of a line.
    Blank,
    Name(Field, usize),
    Length,
    Coding(usize),
    /// Before the value of `Upgrade`.
    Upgrade,
    /// The rest of a line, which is ignored.
    Rest,
    /// The rest of a line, after a carriage return as the last byte.
    Returned,
}

/// The header fields that delimit a body, and `Upgrade`, which the decoder treats as such a field.
#[derive(Debug, Clone, Copy)]
enum Field {
    Length,
    Coding,
    Upgrade,
}

impl Field {
    /// Returns the field whose name may start with this byte.
    fn beginning_with(byte: u8) -> Option<Self> {
        match byte | 0x20 {
            b'c' => Some(Self::Length),
            b't' => Some(Self::Coding),
            b'u' => Some(Self::Upgrade),
            _ => None,
        }
    }

    fn name(self) -> &'static [u8] {
        match self {
            Self::Length => b"content-length:",
            Self::Coding => b"transfer-encoding:",
            Self::Upgrade => b"upgrade:",
        }
    }
}

const CONNECT: &[u8] = b"CONNECT ";
const CHUNKED: &[u8] = b"chunked";

/// The replacement for the first letter of `websocket`. The decoder knows no protocol that starts with it.
const HIDDEN: u8 = b'-';

impl Head {
    /// Returns the index after the head, if the bytes contain its end. The error is the index of a fault.
    fn follow(&mut self, bytes: &mut [u8]) -> Result<Option<usize>, usize> {
        let mut at = 0;
        while at < bytes.len() {
            match (self.line, bytes[at]) {
                (Line::Rest, _) => match self.end_of_line(bytes, at)? {
                    None => return Ok(None),
                    Some(end) => at = end,
                },
                (Line::Blank, b'\n') => return Ok(Some(at + 1)),
                (Line::Upgrade, b'w' | b'W') => {
                    bytes[at] = HIDDEN;
                    self.line = Line::Rest;
                }
                (Line::Start, byte) if byte != b'\r' => at += self.begin_field(&bytes[at..]),
                (_, byte) if self.take(byte) => at += 1,
                // Processes the same byte again as part of the rest, because it may end the line.
                _ => self.line = Line::Rest,
            }
        }
        Ok(None)
    }

    /// Returns the index of the next line, if the bytes contain the end of this one.
    fn end_of_line(&mut self, bytes: &[u8], at: usize) -> Result<Option<usize>, usize> {
        let Some(ahead) = memchr(b'\n', &bytes[at..]) else {
            if bytes.ends_with(b"\r") {
                self.line = Line::Returned;
            }
            return Ok(None);
        };
        let end = at + ahead;
        if ahead == 0 || bytes[end - 1] != b'\r' {
            return Err(end);
        }
        self.line = Line::Start;
        Ok(Some(end + 1))
    }

    /// Starts a field, and consumes its name if the bytes contain all of it. Returns the number of consumed bytes.
    fn begin_field(&mut self, bytes: &[u8]) -> usize {
        self.line = Line::Rest;
        let Some(field) = Field::beginning_with(bytes[0]) else { return 0 };
        let name = field.name();
        match bytes.get(..name.len()) {
            None => {
                self.line = Line::Name(field, 0);
                0
            }
            // Compares the colon first, because most names with the same first letter have another length.
            Some(here) if here.ends_with(b":") && here.eq_ignore_ascii_case(name) => {
                self.begin_value(field);
                name.len()
            }
            Some(_) => 0,
        }
    }

    /// Consumes a relevant byte of a line. Returns `false` for a byte that ends the line or starts an irrelevant rest.
    fn take(&mut self, byte: u8) -> bool {
        let space = matches!(byte, b' ' | b'\t');
        self.line = match self.line {
            Line::First if byte == b'\r' => Line::Empty,
            Line::Start if byte == b'\r' => Line::Blank,
            Line::Empty if byte == b'\n' => Line::First,
            Line::Returned if byte == b'\n' => Line::Start,
            Line::First => return self.take_of_method(byte, 0),
            Line::Method(read) => return self.take_of_method(byte, read),
            Line::Name(field, read) => return self.take_of_name(byte, field, read),
            Line::Length => return space || self.take_of_length(byte),
            Line::Coding(0) | Line::Upgrade if space => return true,
            Line::Coding(read) => return self.take_of_coding(byte, read),
            _ => return false,
        };
        true
    }

    fn take_of_method(&mut self, byte: u8, read: usize) -> bool {
        if CONNECT[read] != byte {
            return false;
        }
        self.connect = read + 1 == CONNECT.len();
        self.line = if self.connect { Line::Rest } else { Line::Method(read + 1) };
        true
    }

    fn take_of_name(&mut self, byte: u8, field: Field, read: usize) -> bool {
        let name = field.name();
        if name[read] != byte.to_ascii_lowercase() {
            return false;
        }
        if read + 1 == name.len() {
            self.begin_value(field);
        } else {
            self.line = Line::Name(field, read + 1);
        }
        true
    }

    fn begin_value(&mut self, field: Field) {
        self.line = match field {
            Field::Length => Line::Length,
            Field::Coding => Line::Coding(0),
            Field::Upgrade => Line::Upgrade,
        };
        self.bounds = match (field, self.bounds) {
            (Field::Upgrade, bounds) => bounds,
            (Field::Length, Bounds::Nothing) => Bounds::Length(0),
            (Field::Coding, Bounds::Nothing) => Bounds::Nothing,
            _ => Bounds::Refused,
        };
    }

    fn take_of_length(&mut self, byte: u8) -> bool {
        let Bounds::Length(length) = self.bounds else { return false };
        if !byte.is_ascii_digit() {
            // A bare line feed is reported where the end of the line is handled.
            if byte != b'\r' {
                self.bounds = Bounds::Refused;
            }
            return false;
        }
        let more = length.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(byte - b'0')));
        self.bounds = more.map_or(Bounds::Refused, Bounds::Length);
        true
    }

    fn take_of_coding(&mut self, byte: u8, read: usize) -> bool {
        if read == CHUNKED.len() {
            return matches!(byte, b' ' | b'\t') || self.end_coding(byte);
        }
        if CHUNKED[read] != byte.to_ascii_lowercase() {
            self.bounds = Bounds::Refused;
            return false;
        }
        self.line = Line::Coding(read + 1);
        true
    }

    fn end_coding(&mut self, byte: u8) -> bool {
        self.bounds = match self.bounds {
            Bounds::Nothing if byte == b'\r' => Bounds::Chunked,
            _ => Bounds::Refused,
        };
        false
    }

    /// Returns the place after the head. The order is that of the decoder: a length has precedence over the protocol
    /// switch of `CONNECT`.
    fn what_follows(&self) -> Place {
        match self.bounds {
            Bounds::Refused => Place::Unbounded,
            Bounds::Chunked => Place::Chunked(Chunked::default()),
            Bounds::Length(length) if length > 0 => Place::Fixed(length),
            _ if self.connect => Place::Unbounded,
            _ => Place::default(),
        }
    }
}

/// A chunked body. It accepts what the decoder accepts, except for a bare line feed in a trailer.
#[derive(Debug, Clone, Default)]
struct Chunked {
    part: Part,
    /// The remaining size of the chunk, or the size as far as it was read.
    left: u64,
    /// The bytes of data in all chunks that have begun.
    data: u64,
    /// The bytes outside of the data: sizes, extensions and trailers.
    overhead: u64,
}

/// The bytes outside of the data that a chunked body may have, in addition to eight for each byte of data. The decoder
/// ignores extensions and trailers and does not limit them, so a body could go on forever.
const MAX_OVERHEAD: u64 = 16 * 1024;

#[derive(Debug, Clone, Copy, Default)]
enum Part {
    #[default]
    Size,
    MoreSize,
    SizeSpace,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    /// The start of a trailer field or of the line that ends the body.
    LastLines,
    Trailer,
    TrailerEnd,
    End,
}

impl Chunked {
    /// Returns the index after the body, if the bytes contain its end. The error is the index of a fault.
    fn follow(&mut self, bytes: &[u8]) -> Result<Option<usize>, usize> {
        let mut at = 0;
        while at < bytes.len() {
            if let Part::Data = self.part {
                let Some(end) = skip(&mut self.left, &bytes[at..]) else { return Ok(None) };
                at += end;
                self.part = Part::DataReturn;
                continue;
            }
            let byte = bytes[at];
            if let (Part::End, b'\n') = (self.part, byte) {
                return Ok(Some(at + 1));
            }
            self.part = self.after(byte).ok_or(at)?;
            self.overhead += 1;
            if let Part::Data = self.part {
                self.data = self.data.saturating_add(self.left);
            }
            if self.overhead > self.data.saturating_mul(8).saturating_add(MAX_OVERHEAD) {
                return Err(at);
            }
            at += 1;
        }
        Ok(None)
    }

    /// Returns the part after this byte, or `None` if the byte is not allowed here.
    fn after(&mut self, byte: u8) -> Option<Part> {
        Some(match (self.part, byte) {
            (Part::Size | Part::MoreSize, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = u64::from((byte as char).to_digit(16)?);
                let before = if let Part::Size = self.part { 0 } else { self.left };
                self.left = before.checked_mul(16)? | digit;
                Part::MoreSize
            }
            (Part::MoreSize | Part::SizeSpace, b' ' | b'\t') => Part::SizeSpace,
            (Part::MoreSize | Part::SizeSpace, b';') => Part::Extension,
            (Part::MoreSize | Part::SizeSpace | Part::Extension, b'\r') => Part::SizeEnd,
            (Part::Extension, byte) if byte == b'\t' || !byte.is_ascii_control() => Part::Extension,
            (Part::SizeEnd, b'\n') if self.left == 0 => Part::LastLines,
            (Part::SizeEnd, b'\n') => Part::Data,
            (Part::DataReturn, b'\r') => Part::DataEnd,
            (Part::DataEnd, b'\n') => Part::Size,
            (Part::LastLines, b'\r') => Part::End,
            (Part::Trailer, b'\r') => Part::TrailerEnd,
            (Part::LastLines | Part::Trailer, byte) if byte != b'\n' => Part::Trailer,
            (Part::TrailerEnd, b'\n') => Part::LastLines,
            _ => return None,
        })
    }
}
