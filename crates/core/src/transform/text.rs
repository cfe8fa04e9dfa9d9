//! Text. Lengths and positions are counted in characters; a combining accent is never cut from its letter.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{Family, Step, Takes, Transform, ascii_digits, example, optional, required, text_of, wrong_type};
use crate::catalogue::record;
use crate::error::Cause;

const fn text(name: &'static str, about: &'static str) -> Transform {
    Transform {
        name,
        family: Family::Text,
        about,
        parameters: &[],
        examples: &[],
        takes: Takes::One,
        in_expressions: true,
        make: |arguments| Ok(Step::text(arguments, Ok)),
    }
}

pub(super) static ALL: &[&Transform] = &[
    &Transform {
        examples: &[example("trim", "\"  Amina \"", "\"Amina\""), example("trim", "\"   \"", "null")],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(trimmed(text)))),
        ..text("trim", "Takes white space away at both ends.")
    },
    &Transform {
        examples: &[example("collapse", "\" Amina \\t  Koné \"", "\"Amina Koné\"")],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(words(&text).join(" ")))),
        ..text("collapse", "Takes white space away at both ends and makes one space of every run of it within.")
    },
    &Transform {
        examples: &[example("lower", "\"KONÉ\"", "\"koné\"")],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(text.to_lowercase()))),
        ..text("lower", "In small letters.")
    },
    &Transform {
        examples: &[example("upper", "\"koné\"", "\"KONÉ\"")],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(text.to_uppercase()))),
        ..text("upper", "In capital letters.")
    },
    &Transform {
        examples: &[example("title", "\"amina KONÉ-diallo\"", "\"Amina Koné-Diallo\""), example("title", "\"o'neil\"", "\"O'Neil\"")],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(title(&text)))),
        ..text("title", "Each word with a capital letter, the rest small; a word begins after a space, a hyphen or an apostrophe.")
    },
    &Transform {
        parameters: &[
            required("old", "the text to replace, wherever it stands"),
            required("new", "what stands there instead; may be \"\""),
        ],
        examples: &[
            example("replace(\"-\", \" \")", "\"SN-001-023\"", "\"SN 001 023\""),
            example("replace(\"(0)\", \"\")", "\"+44(0)20\"", "\"+4420\""),
        ],
        make: |arguments| {
            let (old, new) = (arguments.required_text(0)?, arguments.required_text(1)?);
            if old.is_empty() {
                return Err(arguments.error(0, "there is nothing to replace", "a text of one character at least"));
            }
            Ok(Step::text(arguments, move |text| Ok(text.replace(&old, &new))))
        },
        ..text("replace", "One text for another, everywhere.")
    },
    &Transform {
        parameters: &[required("text", "what stands before")],
        examples: &[example("prefix(\"CASE-\")", "12", "\"CASE-12\""), example("prefix(\"CASE-\")", "\"\"", "null")],
        make: |arguments| {
            let prefix = arguments.required_text(0)?;
            Ok(Step::text(arguments, move |text| Ok(format!("{prefix}{text}"))))
        },
        ..text("prefix", "Puts a text before. Nothing stays nothing.")
    },
    &Transform {
        parameters: &[required("text", "what stands behind")],
        examples: &[example("suffix(\" km\")", "\"3\"", "\"3 km\"")],
        make: |arguments| {
            let suffix = arguments.required_text(0)?;
            Ok(Step::text(arguments, move |text| Ok(format!("{text}{suffix}"))))
        },
        ..text("suffix", "Puts a text behind. Nothing stays nothing.")
    },
    &Transform {
        parameters: &[required("n", "how many characters")],
        examples: &[example("cut(3)", "\"Freetown\"", "\"Fre\""), example("cut(10)", "\"Bo\"", "\"Bo\"")],
        make: |arguments| {
            let most = arguments.required_length(0)?;
            Ok(Step::text(arguments, move |text| Ok(cut(&text, most))))
        },
        ..text("cut", "The first n characters; what is longer is lost on purpose. To reject what is longer, use `max`.")
    },
    &Transform {
        parameters: &[required("n", "how many characters at most")],
        examples: &[
            example("shorten(20)", "\"Bo Town\"", "\"Bo Town\""),
            example("shorten(20)", "\"Kenema District Hospital\"", "\"Kenema District\""),
            example("shorten(4)", "\"Freetown\"", "\"Free\""),
        ],
        make: |arguments| {
            let most = arguments.required_length(0)?;
            Ok(Step::text(arguments, move |text| Ok(shorten(&text, most))))
        },
        ..text("shorten", "The whole words that fit into n characters; of a first word that is longer, as much of it as fits.")
    },
    &Transform {
        parameters: &[required("n", "how many characters at most")],
        examples: &[example("max(5)", "\"Bo\"", "\"Bo\""), example("max(5)", "\"Freetown\"", "rejected K0310")],
        make: |arguments| {
            let most = arguments.required_length(0)?;
            Ok(Step::text(arguments, move |text| match text.chars().count() {
                length if length > most => {
                    Err(Cause::new(record::TOO_LONG, format!("the text has {length} characters; at most {most} fit")))
                }
                _ => Ok(text),
            }))
        },
        ..text("max", "Rejects the record when the text has more than n characters.")
    },
    &Transform {
        parameters: &[required("separator", "what stands between the parts"), required("n", "which part, from 1; -1 is the last")],
        examples: &[
            example("split(\"/\", 2)", "\"Bo / Kenema / Kono\"", "\"Kenema\""),
            example("split(\"/\", -1)", "\"Bo / Kenema / Kono\"", "\"Kono\""),
            example("split(\"/\", 4)", "\"Bo / Kenema / Kono\"", "null"),
        ],
        make: |arguments| {
            let separator = arguments.required_text(0)?;
            if separator.is_empty() {
                return Err(arguments.error(0, "there is nothing to split at", "a text of one character at least"));
            }
            let Some(part) = arguments.whole(1, -1_000)?.filter(|part| *part != 0) else {
                return Err(arguments.error(1, "parts are counted from 1", "1, 2, ... or -1 for the last"));
            };
            let distance = usize::try_from(part.unsigned_abs()).unwrap_or(usize::MAX) - 1;
            Ok(Step::text(arguments, move |text| {
                let found =
                    if part > 0 { text.split(separator.as_str()).nth(distance) } else { text.rsplit(separator.as_str()).nth(distance) };
                Ok(found.unwrap_or_default().trim().to_owned())
            }))
        },
        ..text("split", "One part of a text that is made of several, without spaces at its ends; where there is no such part, nothing.")
    },
    &Transform {
        examples: &[example("first_word", "\" Amina Bah  Koné\"", "\"Amina\"")],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(words(&text).first().copied().unwrap_or_default().to_owned()))),
        ..text("first_word", "The first word: with `rest_words` a name in one field becomes first and last name.")
    },
    &Transform {
        examples: &[example("rest_words", "\" Amina Bah  Koné\"", "\"Bah Koné\""), example("rest_words", "\"Amina\"", "null")],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(words(&text).get(1..).unwrap_or_default().join(" ")))),
        ..text("rest_words", "All words but the first, with one space between.")
    },
    &Transform {
        examples: &[example("last_word", "\"Amina Bah Koné \"", "\"Koné\"")],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(words(&text).last().copied().unwrap_or_default().to_owned()))),
        ..text("last_word", "The last word: with `leading_words`, where the surname is the last word only.")
    },
    &Transform {
        examples: &[example("leading_words", "\"Amina Bah Koné\"", "\"Amina Bah\""), example("leading_words", "\"Amina\"", "null")],
        make: |arguments| {
            Ok(Step::text(arguments, |text| {
                let words = words(&text);
                Ok(words.split_last().map(|(_, leading)| leading.join(" ")).unwrap_or_default())
            }))
        },
        ..text("leading_words", "All words but the last, with one space between.")
    },
    &Transform {
        examples: &[
            example("without_accents", "\"Koné Šárka\"", "\"Kone Sarka\""),
            example("without_accents", "\"Løvås Œuvre\"", "\"Lovas OEuvre\""),
        ],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(without_accents(&text)))),
        ..text("without_accents", "Latin letters without their accents. Other scripts stay as they are.")
    },
    &Transform {
        examples: &[
            example("digits", "\"(480) 818-9775\"", "\"4808189775\""),
            example("digits", "\"none\"", "null"),
            example("digits", "\"٠١٢\"", "\"012\""),
        ],
        make: |arguments| Ok(Step::text(arguments, |text| Ok(ascii_digits(&text).chars().filter(char::is_ascii_digit).collect()))),
        ..text("digits", "The digits of a text, in any script, written 0-9.")
    },
    &Transform {
        parameters: &[optional(
            "form",
            "how to group a number of exactly that many digits: \"3-3-4\"; the character between the numbers is used",
        )],
        examples: &[
            example("phone", "\"(480) 818 9775\"", "\"4808189775\""),
            example("phone(\"3-3-4\")", "\"(480) 8189775\"", "\"480-818-9775\""),
            example("phone(\"3-3-4\")", "\"+221 77 123 45 67\"", "\"+221771234567\""),
            example("phone(\"3-3-4\")", "\"12345\"", "\"12345\""),
            example("phone", "\"00221 771234567\"", "\"+221771234567\""),
            example("phone", "\"ask the chief\"", "rejected K0311"),
        ],
        make: |arguments| {
            let form = arguments
                .text(0)?
                .map(|form| groups(&form).ok_or_else(|| arguments.error(0, "this is no form of a phone number", "\"3-3-4\"")))
                .transpose()?;
            Ok(Step::text(arguments, move |text| phone(&text, form.as_ref())))
        },
        ..text(
            "phone",
            "A phone number without brackets, spaces, dots and hyphens; 00 at its beginning becomes +. Numbers with + keep their form. A text with letters is rejected.",
        )
    },
    &Transform {
        parameters: &[
            required("n", "how many characters it must have"),
            optional("fill", "what stands before it; \"0\" where it is left out"),
        ],
        examples: &[
            example("pad(4)", "\"17\"", "\"0017\""),
            example("pad(4)", "17", "\"0017\""),
            example("pad(3, \" \")", "\"12345\"", "\"12345\""),
        ],
        make: |arguments| {
            let length = arguments.required_length(0)?;
            let fill = arguments.text(1)?.unwrap_or_else(|| "0".to_owned());
            let mut letters = fill.chars();
            let (Some(fill), None) = (letters.next(), letters.next()) else {
                return Err(arguments.error(1, "the fill is not one character", "\"0\""));
            };
            if length > 1_000 {
                return Err(arguments.error(0, "the length is too large", "at most 1000"));
            }
            Ok(Step::text(arguments, move |text| {
                let missing = length.saturating_sub(text.chars().count());
                Ok(std::iter::repeat_n(fill, missing).chain(text.chars()).collect())
            }))
        },
        ..text("pad", "Fills up on the left: a spreadsheet took the zeros of an identifier away.")
    },
    &Transform {
        examples: &[example("text", "12.0", "\"12\""), example("text", "true", "\"true\"")],
        ..text("text", "A number or a truth value as text.")
    },
    &Transform {
        examples: &[
            example("boolean", "\"TRUE\"", "true"),
            example("boolean", "\"no\"", "false"),
            example("boolean", "1", "true"),
            example("boolean(\"oui\", \"non\")", "\"Oui\"", "true"),
            example("boolean", "\"maybe\"", "rejected K0311"),
        ],
        parameters: &[optional("yes", "the word for true"), optional("no", "the word for false")],
        make: |arguments| {
            let words = match (arguments.text(0)?, arguments.text(1)?) {
                (Some(yes), Some(no)) => Some((yes.to_lowercase(), no.to_lowercase())),
                (None, None) => None,
                _ => return Err(arguments.error(0, "`boolean` has one word", "two words, for true and for false, or none")),
            };
            Ok(Step::one(arguments, move |value, _| boolean(value, words.as_ref())))
        },
        ..text("boolean", "A truth value: true, yes, y, t, 1 or false, no, n, f, 0, in any case; or the two words that are named.")
    },
];

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            if begins {
                out.extend(letter.to_uppercase());
            } else {
                out.extend(letter.to_lowercase());
            }
            begins = false;
        } else {
            out.push(letter);
            // An accent that stands by itself belongs to the letter before it.
            begins = begins && is_combining_mark(letter) || letter.is_whitespace() || matches!(letter, '-' | '\'' | '\u{2019}');
        }
    }
    out
}

fn cut(text: &str, most: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= most {
        return text.to_owned();
    }
    let mut end = most;
    while end > 0 && is_combining_mark(letters[end]) {
        end -= 1;
    }
    letters[..end].iter().collect()
}

fn shorten(text: &str, most: usize) -> String {
    let text = text.trim();
    let short = cut(text, most);
    let inside_a_word = text[short.len()..].chars().next().is_some_and(|next| !next.is_whitespace());
    match short.rfind(char::is_whitespace) {
        Some(end) if inside_a_word => short[..end].trim_end().to_owned(),
        _ => short.trim_end().to_owned(),
    }
}

fn without_accents(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.nfc() {
        let plain = match letter {
            'ø' => "o",
            'Ø' => "O",
            'ł' => "l",
            'Ł' => "L",
            'đ' | 'ð' | 'ɗ' => "d",
            'Đ' | 'Ð' | 'Ɗ' => "D",
            'ı' => "i",
            'æ' => "ae",
            'Æ' => "AE",
            'œ' => "oe",
            'Œ' => "OE",
            'ß' => "ss",
            'þ' => "th",
            'Þ' => "Th",
            'ɓ' => "b",
            'Ɓ' => "B",
            'ƙ' => "k",
            'Ƙ' => "K",
            'ƴ' => "y",
            'Ƴ' => "Y",
            'ŋ' => "n",
            'Ŋ' => "N",
            'ɲ' => "ny",
            'Ɲ' => "Ny",
            _ => {
                let mut parts = std::iter::once(letter).nfd();
                match parts.next() {
                    // Only of Latin letters: in other scripts such marks are vowels.
                    Some(base) if base.is_ascii_alphabetic() => out.push(base),
                    _ if is_combining_mark(letter) && out.ends_with(|before: char| before.is_ascii_alphabetic()) => {}
                    _ => out.push(letter),
                }
                continue;
            }
        };
        out.push_str(plain);
    }
    out
}

/// Most texts have nothing to take away, and stay where they are.
fn trimmed(text: String) -> String {
    match text.trim() {
        same if same.len() == text.len() => text,
        shorter => shorter.to_owned(),
    }
}

/// `3-3-4` as group sizes with the character between them.
fn groups(form: &str) -> Option<(Vec<usize>, char)> {
    let separator = form.chars().find(|c| !c.is_ascii_digit())?;
    let sizes: Vec<usize> =
        form.split(separator).map(|size| size.parse().ok().filter(|size| (1..=15).contains(size))).collect::<Option<_>>()?;
    Some((sizes, separator))
}

fn phone(text: &str, form: Option<&(Vec<usize>, char)>) -> Result<String, Cause> {
    let text = ascii_digits(text.trim());
    let mut number = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' => number.push(letter),
            '+' if number.is_empty() => number.push('+'),
            // Word processors and right-to-left texts leave invisible marks and other hyphens behind.
            _ if letter.is_whitespace()
                || "()[]-./\u{2010}\u{2011}\u{2012}\u{2013}\u{200E}\u{200F}\u{202A}\u{202C}\u{2066}\u{2069}\u{00AD}".contains(letter) => {}
            _ => {
                return Err(Cause::new(record::WRONG_TYPE, "`phone` wants a phone number, but the text holds other characters".to_owned()));
            }
        }
    }
    if let Some(rest) = number.strip_prefix("00") {
        number = format!("+{rest}");
    }
    if !number.contains(|c: char| c.is_ascii_digit()) {
        return Err(Cause::new(record::WRONG_TYPE, "`phone` wants a phone number, but the text has no digits".to_owned()));
    }
    match form {
        Some((sizes, separator)) if !number.starts_with('+') && number.len() == sizes.iter().sum::<usize>() => {
            let mut rest = number.as_str();
            let mut grouped = Vec::with_capacity(sizes.len());
            for size in sizes {
                let (group, after) = rest.split_at(*size);
                grouped.push(group);
                rest = after;
            }
            Ok(grouped.join(&separator.to_string()))
        }
        _ => Ok(number),
    }
}

fn boolean(value: Value, words: Option<&(String, String)>) -> Result<Value, Cause> {
    if value.is_boolean() {
        return Ok(value);
    }
    let wanted = "true or false";
    if value.is_object() {
        return Err(wrong_type("boolean", wanted, &value));
    }
    let text = text_of("boolean", value)?.trim().to_lowercase();
    let holds = match words {
        Some((yes, _)) if text == *yes => Some(true),
        Some((_, no)) if text == *no => Some(false),
        Some(_) => None,
        None => crate::value::truth(&text),
    };
    holds.map(Value::Bool).ok_or_else(|| {
        let known = words.map_or("true, yes, y, t, 1, false, no, n, f or 0".to_owned(), |(yes, no)| format!("{yes} or {no}"));
        Cause::new(record::WRONG_TYPE, format!("`boolean` wants {known}, but the text is another"))
    })
}
