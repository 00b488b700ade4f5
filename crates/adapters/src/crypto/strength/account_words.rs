//! Search for words of the account and of the service in a password.

use tessera_kernel::text::without_marks;

/// Minimum length of a word that is searched for, in characters. Shorter words occur in random text.
const MIN_WORD_LENGTH: usize = 3;

/// The letters and digits of a text in the form in which they are compared, without separators. Each has its position
/// among the characters of the text. A run of the same character counts once, so that `Tesssera` equals `tessera`.
struct Folded {
    characters: Vec<char>,
    /// For each folded character, its first and its last position in the text.
    positions: Vec<(usize, usize)>,
}

impl Folded {
    fn of(text: &[char]) -> Self {
        let mut folded = Self { characters: Vec::new(), positions: Vec::new() };
        for (position, character) in text.iter().enumerate() {
            for character in fold(*character) {
                match (folded.characters.last(), folded.positions.last_mut()) {
                    (Some(last), Some(run)) if *last == character => run.1 = position,
                    _ => {
                        folded.characters.push(character);
                        folded.positions.push((position, position));
                    }
                }
            }
        }
        folded
    }
}

/// Converts a character to lower case without accents, and digits and signs to the letters that they commonly stand
/// for. Any other character that is neither a letter nor a digit is dropped.
fn fold(character: char) -> Vec<char> {
    let plain = without_marks(&character.to_lowercase().to_string());
    let letter = |character| match character {
        '0' => 'o',
        '1' | '!' | '|' | 'l' => 'i',
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        other => other,
    };
    plain.chars().map(letter).filter(|character| character.is_alphanumeric()).collect()
}

/// Returns every text and its parts, split at characters that are neither letters nor digits, and between letters and
/// digits.
fn parts(words: &[&str]) -> Vec<String> {
    let mut parts = Vec::new();
    for word in words {
        parts.push((*word).to_owned());
        for part in word.split(|character: char| !character.is_alphanumeric()) {
            parts.push(part.to_owned());
            parts.extend(part.split(|character: char| character.is_numeric()).map(str::to_owned));
            parts.extend(part.split(|character: char| !character.is_numeric()).map(str::to_owned));
        }
    }
    parts
}

/// Removes these words and their parts from a password. Returns `None` if the password contains none of them. The
/// search ignores case, accents, separators inside a word and repeated letters. It also finds words with signs or
/// digits in place of letters, and words spelled backwards.
pub(super) fn without_words(password: &str, words: &[&str]) -> Option<String> {
    let text: Vec<char> = password.chars().collect();
    let folded = Folded::of(&text);
    let mut covered = vec![false; text.len()];
    for part in parts(words).iter().filter(|part| part.chars().count() >= MIN_WORD_LENGTH) {
        let mut word = Folded::of(&part.chars().collect::<Vec<_>>()).characters;
        for _ in 0..2 {
            cover(&mut covered, &folded, &word);
            word.reverse();
        }
    }
    let rest = text.iter().zip(&covered).filter(|(_, covered)| !**covered).map(|(character, _)| *character).collect();
    covered.contains(&true).then_some(rest)
}

/// Marks every occurrence of a folded word.
fn cover(covered: &mut [bool], text: &Folded, word: &[char]) {
    // Folding may shorten a word: a run of one letter becomes one character, which is not a word.
    if word.len() < 2 {
        return;
    }
    for (start, window) in text.characters.windows(word.len()).enumerate() {
        if window != word {
            continue;
        }
        let (Some((first, _)), Some((_, last))) =
            (text.positions.get(start), text.positions.get(start + word.len() - 1))
        else {
            continue;
        };
        covered.iter_mut().take(last + 1).skip(*first).for_each(|covered| *covered = true);
    }
}
