//! Names that users have chosen, as mails show them.

/// Maximum number of characters of a name in a mail, without the quotation marks.
///
/// Names are the first text that a recipient reads, in the subject and in the preview of the first line. The recipient
/// may not know the users who chose them. A cut and quoted name cannot pass for a message of this service.
const LONGEST: usize = 40;

/// Returns the name in quotation marks, cut to [`LONGEST`] characters. Quotation marks inside the name become `'`.
pub(super) fn quoted(name: &str) -> String {
    let plain = |c| if matches!(c, '"' | '\u{201C}'..='\u{201F}' | '«' | '»' | '\u{FF02}') { '\'' } else { c };
    let shown = if name.chars().count() > LONGEST {
        // The ellipsis replaces the last character.
        let start: String = name.chars().take(LONGEST - 1).collect();
        format!("{}…", start.trim_end())
    } else {
        name.to_owned()
    };
    format!("\"{}\"", shown.chars().map(plain).collect::<String>())
}

/// Prevents links in a name. Users choose their names, and mail clients make links of text that looks like an address.
/// A zero-width space after each character that is typical for addresses prevents this.
pub(super) fn unlinked(name: &str) -> String {
    const BREAK: char = '\u{200B}';
    let mut text = String::with_capacity(name.len());
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        text.push(character);
        let inside = characters.peek().is_some_and(|next| !next.is_whitespace());
        if inside && matches!(character, '.' | ':' | '/' | '@') {
            text.push(BREAK);
        }
    }
    text
}
