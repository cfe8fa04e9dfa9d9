//! Small forms inside of the cells of an aggregate sheet: what stands between separators that are not inside of quotes or brackets.

/// The parts of a text between separators that stand outside of quotes and brackets, each with the characters before it.
pub(super) fn split(text: &str, separator: char) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut before) = (0, 0);
    for (position, (at, letter)) in outside(text) {
        if letter == separator {
            parts.push((before, &text[start..at]));
            (start, before) = (at + letter.len_utf8(), position + 1);
        }
    }
    parts.push((before, &text[start..]));
    parts
}

/// The two sides of the first separator that stands outside of quotes and brackets; the characters before the second side.
pub(super) fn split_once(text: &str, separator: char) -> Option<(&str, usize, &str)> {
    let (position, (at, _)) = outside(text).find(|(_, (_, letter))| *letter == separator)?;
    Some((&text[..at], position + 1, &text[at + separator.len_utf8()..]))
}

/// The letters of a text that stand outside of quotes and brackets, with their places in characters and in bytes.
fn outside(text: &str) -> impl Iterator<Item = (usize, (usize, char))> {
    let (mut quote, mut depth) = (None, 0usize);
    text.char_indices().enumerate().filter(move |(_, (_, letter))| match (quote, letter) {
        (Some(open), _) => {
            if open == *letter {
                quote = None;
            }
            false
        }
        (None, '"' | '\'') => {
            quote = Some(*letter);
            false
        }
        (None, '(' | '[' | '{') => {
            depth += 1;
            false
        }
        (None, ')' | ']' | '}') => {
            depth = depth.saturating_sub(1);
            false
        }
        (None, _) => depth == 0,
    })
}

/// A text without the spaces around it, and how many characters they were in front.
pub(super) fn trimmed(text: &str) -> (usize, &str) {
    (text.chars().take_while(|letter| letter.is_whitespace()).count(), text.trim())
}

/// A text without quotes around it.
pub(super) fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_in_quotes_and_brackets_do_not_separate() {
        let check = |text: &str, separator: char, expected: &[(usize, &str)]| assert_eq!(split(text, separator), expected, "{text}");
        check("a; b", ';', &[(0, "a"), (2, " b")]);
        check("é; (b;c); \"d;e\"; {f;g}", ';', &[(0, "é"), (2, " (b;c)"), (9, " \"d;e\""), (16, " {f;g}")]);
        check("", ';', &[(0, "")]);
        check("it's; one", ';', &[(0, "it's; one")]);
        assert_eq!(split_once("'a:b': c:d", ':'), Some(("'a:b'", 6, " c:d")));
        assert_eq!(split_once("a(b:c)", ':'), None);
        assert_eq!(trimmed("  a b "), (2, "a b"));
        assert_eq!((unquoted("\"a\""), unquoted("'a'"), unquoted("a\""), unquoted("\"")), ("a", "a", "a\"", "\""));
    }
}
