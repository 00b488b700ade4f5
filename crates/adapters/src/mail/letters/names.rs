//! Text that users have chosen, as mails show it.

/// The greatest number of characters of a name in a mail, without the quotation marks.
///
/// Names are the first thing that a recipient reads, in the subject and in the preview of the first line, and their
/// authors may be strangers. Cut and quoted, a name can not pass for a message of this service.
const LONGEST: usize = 40;

/// The name in quotation marks, cut to [`LONGEST`] characters. Quotation marks inside of it become `'`.
pub(super) fn quoted(name: &str) -> String {
    let plain = |c| if matches!(c, '"' | '\u{201C}'..='\u{201F}' | '«' | '»' | '\u{FF02}') { '\'' } else { c };
    let shown = if name.chars().count() > LONGEST {
        // The ellipsis takes the place of the last character.
        let start: String = name.chars().take(LONGEST - 1).collect();
        format!("{}…", start.trim_end())
    } else {
        name.to_owned()
    };
    format!("\"{}\"", shown.chars().map(plain).collect::<String>())
}

/// Names are somebody's own choice, and programs that read mail make links of whatever looks like an address. A character
/// that does not show, behind each that addresses are made with, keeps them from it.
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
