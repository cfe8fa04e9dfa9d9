//! Cells that a spreadsheet would run as a formula.
//!
//! A text that begins with `=` `+` `-` `@`, a tab or a carriage return is written with an apostrophe before it. Plain numbers (`-5`, `+23276000000`)
//! stay: a spreadsheet shows them and runs nothing. Taking the guard off gives back exactly the text.

/// Whether a spreadsheet would run the text.
fn runs(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    match first {
        '=' | '@' | '\t' | '\r' => true,
        '+' | '-' => !is_plain_number(&text[1..]),
        _ => false,
    }
}

fn is_plain_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    [whole, fraction].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The text as it is written. One that looks guarded already gets a guard too, else it would lose it when it is read.
pub fn guard(text: &str) -> std::borrow::Cow<'_, str> {
    if runs(text.trim_start_matches('\'')) { format!("'{text}").into() } else { text.into() }
}

/// The text as it was before [`guard`].
pub fn unguard(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if runs(rest.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_numbers_are_not() {
        let check = |text: &str, expected: &str| {
            assert_eq!(guard(text), expected);
            assert_eq!(unguard(expected), text);
        };
        check("=1+1", "'=1+1");
        check("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0");
        check("@SUM(A1)", "'@SUM(A1)");
        check("-2+3", "'-2+3");
        check("\t=1", "'\t=1");
        check("-5", "-5");
        check("+23276000000", "+23276000000");
        check("-1.5", "-1.5");
        check("-", "'-");
        check("'=1", "''=1");
        check("'tis", "'tis");
        check("a=b", "a=b");
        check("", "");
    }

    proptest::proptest! {
        #[test]
        fn the_guard_comes_off(text in "['=+@a1\t-]{0,6}") {
            let written = guard(&text).into_owned();
            proptest::prop_assert_eq!(unguard(&written), text);
            proptest::prop_assert!(!runs(&written));
        }
    }
}
