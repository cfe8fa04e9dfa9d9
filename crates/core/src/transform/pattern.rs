//! Date patterns in the letters of Unicode, as spreadsheets and most programs have them: `dd/MM/yyyy HH:mm`.
//!
//! Reading is strict about everything that could change the meaning: a year has four digits, no day or month is corrected, nothing may be left
//! over. It is lenient where nothing can be mistaken: `dd` reads `2` where no digit can follow, month names in English, French, Spanish and Portuguese.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::ascii_digits;

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A number field, and how many digits it is printed with.
    Number(Field, usize),
    /// `MMM`, `MMMM`.
    MonthName {
        short: bool,
    },
    /// `a`: AM or PM.
    HalfDay,
    /// `X` or `XXX`: `Z`, `+03:00`.
    Offset,
    Literal(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    Day,
    Hour,
    /// 1 to 12.
    HalfHour,
    Minute,
    Second,
    Fraction,
}

/// What a text said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    pub at: DateTime,
    pub offset: Option<Offset>,
}

/// Why a text is no pattern.
pub(super) struct Misfit {
    pub message: String,
    pub expected: &'static str,
}

const LETTERS: &str = "yyyy, MM, MMM, dd, HH, hh, mm, ss, SSS, a, XXX; other text in 'quotes'";

impl Pattern {
    /// Reads a pattern. It names a whole date; `needs_time` says whether also a time.
    pub fn parse(text: &str, needs_time: bool) -> Result<Self, Misfit> {
        let misfit = |message: String, expected| Misfit { message, expected };
        let letters: Vec<char> = text.chars().collect();
        let mut tokens: Vec<Token> = Vec::new();
        let mut at = 0;
        while let Some(letter) = letters.get(at).copied() {
            if letter == '\'' {
                let end = letters[at + 1..]
                    .iter()
                    .position(|c| *c == '\'')
                    .ok_or_else(|| misfit("the quotes in the pattern are not closed".to_owned(), "a closing `'`"))?;
                let quoted: String = letters[at + 1..at + 1 + end].iter().collect();
                push_literal(&mut tokens, if end == 0 { "'" } else { &quoted });
                at += end + 2;
                continue;
            }
            if !letter.is_ascii_alphabetic() {
                push_literal(&mut tokens, &letter.to_string());
                at += 1;
                continue;
            }
            let length = letters[at..].iter().take_while(|c| **c == letter).count();
            at += length;
            tokens.push(match (letter, length) {
                ('y' | 'u', 4) => Token::Number(Field::Year, 4),
                ('y' | 'u', 2) => {
                    return Err(misfit("two digits of a year can mean two years".to_owned(), "yyyy, and four digits in the data"));
                }
                ('Y', _) => return Err(misfit("`Y` is the year of weeks, which differs around New Year".to_owned(), "yyyy")),
                ('D', _) => return Err(misfit("`D` is the day of the year".to_owned(), "dd")),
                ('M' | 'L', 1 | 2) => Token::Number(Field::Month, length),
                ('M' | 'L', 3 | 4) => Token::MonthName { short: length == 3 },
                ('d', 1 | 2) => Token::Number(Field::Day, length),
                ('H', 1 | 2) => Token::Number(Field::Hour, length),
                ('h', 1 | 2) => Token::Number(Field::HalfHour, length),
                ('m', 1 | 2) => Token::Number(Field::Minute, length),
                ('s', 1 | 2) => Token::Number(Field::Second, length),
                ('S', 1..=9) => Token::Number(Field::Fraction, length),
                ('a', 1) => Token::HalfDay,
                ('X' | 'x', 1 | 3) => Token::Offset,
                _ => return Err(misfit(format!("`{}` has no meaning in a date pattern", letter.to_string().repeat(length)), LETTERS)),
            });
        }
        let pattern = Self { tokens };
        let month = pattern.has(Field::Month) || pattern.tokens.iter().any(|token| matches!(token, Token::MonthName { .. }));
        if !(pattern.has(Field::Year) && month && pattern.has(Field::Day)) {
            return Err(misfit(
                "the pattern lacks the year, the month or the day".to_owned(),
                "a pattern such as dd/MM/yyyy (MM is the month, mm the minute)",
            ));
        }
        let half_day = pattern.tokens.contains(&Token::HalfDay);
        if pattern.has(Field::HalfHour) != half_day {
            return Err(misfit("hh and a belong together".to_owned(), "hh:mm a, or HH:mm"));
        }
        if needs_time && !pattern.has(Field::Hour) && !half_day {
            return Err(misfit("the pattern has no time".to_owned(), "a pattern such as dd/MM/yyyy HH:mm"));
        }
        Ok(pattern)
    }

    fn has(&self, field: Field) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Number(found, _) if *found == field))
    }

    /// Reads a text; `None` where it does not fit to the last character.
    pub fn read(&self, text: &str) -> Option<Read> {
        let text = ascii_digits(text.trim());
        let mut rest = &*text;
        let (mut year, mut month, mut day, mut hour, mut minute, mut second, mut nanos) = (0i16, 0i8, 0i8, 0i8, 0i8, 0i8, 0i32);
        let mut half_hour = None;
        let mut afternoon = None;
        let mut offset = None;
        for (at, token) in self.tokens.iter().enumerate() {
            match token {
                Token::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Token::Number(field, width) => {
                    let digit_follows = matches!(self.tokens.get(at + 1), Some(Token::Number(..)));
                    // In `20200105` every field has its full width, else nobody knows where it ends.
                    let in_a_run = digit_follows || at > 0 && matches!(self.tokens.get(at - 1), Some(Token::Number(..)));
                    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                    let taken = match field {
                        Field::Year | Field::Fraction => *width,
                        _ if in_a_run => 2,
                        _ => digits,
                    };
                    let most = if matches!(field, Field::Year | Field::Fraction) { *width } else { 2 };
                    if taken == 0 || taken > digits || taken > most || (!digit_follows && taken != digits) {
                        return None;
                    }
                    let number: i32 = rest[..taken].parse().ok()?;
                    rest = &rest[taken..];
                    let small = i8::try_from(number).ok();
                    match field {
                        Field::Year => year = i16::try_from(number).ok()?,
                        Field::Month => month = small?,
                        Field::Day => day = small?,
                        Field::Hour => hour = small?,
                        Field::HalfHour => half_hour = Some(small.filter(|hour| (1..=12).contains(hour))?),
                        Field::Minute => minute = small?,
                        Field::Second => second = small?,
                        Field::Fraction => nanos = number * 10i32.pow(9 - u32::try_from(*width).ok()?),
                    }
                }
                Token::MonthName { .. } => {
                    let length = rest.find(|c: char| !c.is_alphabetic() && c != '.').unwrap_or(rest.len());
                    month = month_of(&rest[..length])?;
                    rest = &rest[length..];
                }
                Token::HalfDay => {
                    let lower = rest.get(..2)?.to_ascii_lowercase();
                    afternoon = Some(match lower.as_str() {
                        "am" => false,
                        "pm" => true,
                        _ => return None,
                    });
                    rest = &rest[2..];
                }
                Token::Offset => {
                    let (found, after) = read_offset(rest)?;
                    offset = Some(found);
                    rest = after;
                }
            }
        }
        if !rest.is_empty() {
            return None;
        }
        if let (Some(half), Some(afternoon)) = (half_hour, afternoon) {
            hour = half % 12 + if afternoon { 12 } else { 0 };
        }
        let date = Date::new(year, month, day).ok()?;
        let time = Time::new(hour, minute, second, nanos).ok()?;
        Some(Read { at: date.to_datetime(time), offset })
    }

    /// Writes a date and time.
    pub fn print(&self, at: DateTime, offset: Offset) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for token in &self.tokens {
            let written = match token {
                Token::Literal(literal) => {
                    text.push_str(literal);
                    Ok(())
                }
                Token::Number(field, width) => {
                    let width = *width;
                    match field {
                        Field::Year => write!(text, "{:0width$}", at.year()),
                        Field::Month => write!(text, "{:0width$}", at.month()),
                        Field::Day => write!(text, "{:0width$}", at.day()),
                        Field::Hour => write!(text, "{:0width$}", at.hour()),
                        Field::HalfHour => write!(text, "{:0width$}", (at.hour() + 11) % 12 + 1),
                        Field::Minute => write!(text, "{:0width$}", at.minute()),
                        Field::Second => write!(text, "{:0width$}", at.second()),
                        Field::Fraction => write!(text, "{}", &format!("{:09}", at.subsec_nanosecond())[..width]),
                    }
                }
                Token::MonthName { short } => {
                    let name = MONTHS.get(usize::try_from(at.month() - 1).unwrap_or_default()).map_or("", |names| names[0]);
                    text.push_str(&name[..1].to_uppercase());
                    text.push_str(if *short { &name[1..3] } else { &name[1..] });
                    Ok(())
                }
                Token::HalfDay => write!(text, "{}", if at.hour() < 12 { "AM" } else { "PM" }),
                Token::Offset if offset.is_zero() => write!(text, "Z"),
                Token::Offset => {
                    let minutes = offset.seconds() / 60;
                    write!(text, "{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60)
                }
            };
            written.expect("writing into a text cannot fail");
        }
        text
    }
}

fn push_literal(tokens: &mut Vec<Token>, text: &str) {
    match tokens.last_mut() {
        Some(Token::Literal(before)) => before.push_str(text),
        _ => tokens.push(Token::Literal(text.to_owned())),
    }
}

fn read_offset(text: &str) -> Option<(Offset, &str)> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((Offset::UTC, rest));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours: i32 = text.get(1..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
    let after = &text[3..];
    let after = after.strip_prefix(':').unwrap_or(after);
    let minutes: i32 = after.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
    let seconds = sign * (hours * 3600 + minutes * 60);
    (minutes < 60).then(|| Offset::from_seconds(seconds).ok()).flatten().map(|offset| (offset, &after[2..]))
}

/// English, French, Spanish, Portuguese, without accents.
const MONTHS: [[&str; 4]; 12] = [
    ["january", "janvier", "enero", "janeiro"],
    ["february", "fevrier", "febrero", "fevereiro"],
    ["march", "mars", "marzo", "marco"],
    ["april", "avril", "abril", "abril"],
    ["may", "mai", "mayo", "maio"],
    ["june", "juin", "junio", "junho"],
    ["july", "juillet", "julio", "julho"],
    ["august", "aout", "agosto", "agosto"],
    ["september", "septembre", "septiembre", "setembro"],
    ["october", "octobre", "octubre", "outubro"],
    ["november", "novembre", "noviembre", "novembro"],
    ["december", "decembre", "diciembre", "dezembro"],
];

/// A month by its name or an abbreviation of three letters at least that only one month has.
pub(super) fn month_of(name: &str) -> Option<i8> {
    use unicode_normalization::UnicodeNormalization;
    let name: String = name.trim_end_matches('.').to_lowercase().nfd().filter(|c| c.is_alphabetic()).collect();
    if name.chars().count() < 3 {
        return None;
    }
    let mut months = MONTHS.iter().zip(1i8..).filter(|(names, _)| names.iter().any(|known| known.starts_with(&name)));
    let (_, month) = months.next()?;
    months.next().is_none().then_some(month)
}
