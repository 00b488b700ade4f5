//! What the operator chooses for the pages: the name of the product, its logo, and where users go from a page.

use actix_web::web::Bytes;
use tessera_kernel::ProductName;

/// The choices of the operator for the pages.
#[derive(Debug, Clone, Default)]
pub struct Branding {
    /// The name of the product, for pages and mails.
    pub product: ProductName,
    /// The logo of the product. Without it, pages show the mark of Tessera and the name.
    pub logo: Option<Logo>,
    /// An http or https URL. A user who is done on a page can continue there. It comes from the settings only, never
    /// from a request, so that no link of a page leads to an address of a stranger.
    pub home_url: Option<String>,
}

/// A picture that browsers show without a script and without loading anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    pub(crate) format: LogoFormat,
    pub(crate) content: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogoFormat {
    Png,
    Svg,
}

impl Logo {
    /// The maximum size of a logo in bytes. Each new visitor loads it.
    pub const MAX_BYTES: usize = 128 * 1024;

    /// Accepts the content of a PNG or SVG file.
    ///
    /// # Errors
    /// All faults, one text for each, which continue a sentence that begins with the name of the file.
    pub fn new(content: Vec<u8>) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        if content.len() > Self::MAX_BYTES {
            faults.push(format!("must have at most {} bytes", Self::MAX_BYTES));
        }
        match format_of(&content) {
            Ok(format) if faults.is_empty() => Ok(Self { format, content: content.into() }),
            Ok(_) => Err(faults),
            Err(fault) => {
                faults.push(fault.to_owned());
                Err(faults)
            }
        }
    }
}

/// The first bytes of a PNG file (PNG specification, sections 5.2 and 11.2.1): the signature, and the head of the first
/// chunk.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";

/// Browsers draw nothing for an SVG file without it.
const SVG_NAMESPACE: &str = "http://www.w3.org/2000/svg";

fn format_of(content: &[u8]) -> Result<LogoFormat, &'static str> {
    if content.starts_with(PNG) {
        return Ok(LogoFormat::Png);
    }
    match std::str::from_utf8(content).ok().and_then(root_element) {
        Some(attributes) if attributes.contains(&("xmlns", SVG_NAMESPACE)) => Ok(LogoFormat::Svg),
        Some(_) => Err("must have xmlns=\"http://www.w3.org/2000/svg\" in its svg element"),
        None => Err("must be a PNG file, or an SVG file in UTF-8 without a DOCTYPE"),
    }
}

/// Returns the attributes of the root element if it is `svg`. The XML declaration and comments may precede it.
fn root_element(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut rest = text.strip_prefix('\u{FEFF}').unwrap_or(text).trim_start();
    loop {
        let after = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.split_once("-->")
        } else {
            rest.strip_prefix("<?").and_then(|instruction| instruction.split_once("?>"))
        };
        match after {
            Some((_, after)) => rest = after.trim_start(),
            None => break,
        }
    }
    rest = rest.strip_prefix("<svg")?;
    let mut attributes = Vec::new();
    while !rest.trim_start().starts_with(['>', '/']) {
        let (name, after) = rest.strip_prefix(char::is_whitespace)?.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        // Values may contain `>`.
        let (value, after) = after[1..].split_once(quote)?;
        attributes.push((name.trim(), value));
        rest = after;
    }
    Some(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"/>";

    fn faults(content: &[u8]) -> Vec<String> {
        Logo::new(content.to_vec()).err().unwrap_or_default()
    }

    #[test]
    fn png_and_svg_files_are_logos() {
        let png = [PNG, b"\0\0\0\x01"].concat();
        assert_eq!(Logo::new(png).map(|logo| logo.format), Ok(LogoFormat::Png));
        let quoted = "<svg\n aria-label = 'A > B' xmlns=\"http://www.w3.org/2000/svg\"></svg>";
        assert_eq!(Logo::new(quoted.into()).map(|logo| logo.format), Ok(LogoFormat::Svg));
        for before in ["", "\u{FEFF}", "<?xml version=\"1.0\"?>\n", "<!-- <b> -->\n<?xml-stylesheet a?><!---->"] {
            let logo = Logo::new(format!("{before}{SVG}").into_bytes());
            assert_eq!(logo.map(|logo| logo.format), Ok(LogoFormat::Svg), "{before}");
        }
    }

    #[test]
    fn other_files_are_not() {
        for content in ["", "GIF89a", "<html>", "<!doctype svg><svg/>", "<svgs>", "<svg", "<!-- <svg> ", "PNG"] {
            assert_eq!(faults(content.as_bytes()), ["must be a PNG file, or an SVG file in UTF-8 without a DOCTYPE"]);
        }
        assert_eq!(faults(&PNG[..15]).len(), 1);
        assert_eq!(faults(&[SVG.as_bytes(), b"\xff"].concat()).len(), 1);
        for content in ["<svg></svg>", "<svg data-x=\"http://www.w3.org/2000/svg\"/>"] {
            let expected = "must have xmlns=\"http://www.w3.org/2000/svg\" in its svg element";
            assert_eq!(faults(content.as_bytes()), [expected], "{content}");
        }
    }

    #[test]
    fn the_largest_logo_has_128_kib_and_all_faults_are_named() {
        let padded = |length: usize| format!("{SVG}{}", " ".repeat(length - SVG.len())).into_bytes();
        assert!(Logo::new(padded(131_072)).is_ok());
        assert_eq!(faults(&padded(131_073)), ["must have at most 131072 bytes"]);
        assert_eq!(faults(&vec![0; 131_073]).len(), 2);
    }
}
