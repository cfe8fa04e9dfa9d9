//! Periods by their identifiers and as ADX writes them, in the ISO calendar.
//!
//! Each date lies in exactly one period of a type, but for `BiWeekly`: the last one of a year of 53 weeks overlaps the
//! first one of the next. An identifier that names no period is refused (`2024W53`, `2023BiW27`).

use jiff::civil::{Date, Weekday, date};
use jiff::{Span, ToSpan};

/// The period types that an identifier can name, in the order of `/api/periodTypes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodType {
    Daily,
    Weekly,
    WeeklyWednesday,
    WeeklyThursday,
    WeeklyFriday,
    WeeklySaturday,
    WeeklySunday,
    BiWeekly,
    Monthly,
    BiMonthly,
    Quarterly,
    QuarterlyNov,
    SixMonthly,
    SixMonthlyApril,
    SixMonthlyNov,
    Yearly,
    FinancialFeb,
    FinancialApril,
    FinancialJuly,
    FinancialAug,
    FinancialSep,
    FinancialOct,
    FinancialNov,
}

/// How a type divides time.
enum Shape {
    Day,
    /// Weeks that begin on this day.
    Week(Weekday),
    TwoWeeks,
    /// So many months; the first one of a year begins in this month, and a year is named by its end when it begins in November.
    Months(i8, i8),
}

/// One row of the table: type, name, identifier's form, what stands between year and number, ADX duration, days, first release.
struct Row(PeriodType, &'static str, &'static str, &'static str, &'static str, u16, u32);

#[rustfmt::skip]
const TABLE: [Row; 23] = [
    Row(PeriodType::Daily,           "Daily",           "yyyyMMdd",    "",       "P1D",  1,   0),
    Row(PeriodType::Weekly,          "Weekly",          "yyyyWn",      "W",      "P7D",  7,   0),
    Row(PeriodType::WeeklyWednesday, "WeeklyWednesday", "yyyyWedWn",   "WedW",   "P7D",  7,   0),
    Row(PeriodType::WeeklyThursday,  "WeeklyThursday",  "yyyyThuWn",   "ThuW",   "P7D",  7,   0),
    Row(PeriodType::WeeklyFriday,    "WeeklyFriday",    "yyyyFriWn",   "FriW",   "P7D",  7,   43),
    Row(PeriodType::WeeklySaturday,  "WeeklySaturday",  "yyyySatWn",   "SatW",   "P7D",  7,   0),
    Row(PeriodType::WeeklySunday,    "WeeklySunday",    "yyyySunWn",   "SunW",   "P7D",  7,   0),
    Row(PeriodType::BiWeekly,        "BiWeekly",        "yyyyBiWn",    "BiW",    "P14D", 14,  0),
    Row(PeriodType::Monthly,         "Monthly",         "yyyyMM",      "",       "P1M",  30,  0),
    Row(PeriodType::BiMonthly,       "BiMonthly",       "yyyyMMB",     "",       "P2M",  61,  0),
    Row(PeriodType::Quarterly,       "Quarterly",       "yyyyQn",      "Q",      "P3M",  91,  0),
    Row(PeriodType::QuarterlyNov,    "QuarterlyNov",    "yyyyNovQn",   "NovQ",   "P3M",  91,  0),
    Row(PeriodType::SixMonthly,      "SixMonthly",      "yyyySn",      "S",      "P6M",  182, 0),
    Row(PeriodType::SixMonthlyApril, "SixMonthlyApril", "yyyyAprilSn", "AprilS", "P6M",  182, 0),
    Row(PeriodType::SixMonthlyNov,   "SixMonthlyNov",   "yyyyNovSn",   "NovS",   "P6M",  182, 0),
    Row(PeriodType::Yearly,          "Yearly",          "yyyy",        "",       "P1Y",  365, 0),
    Row(PeriodType::FinancialFeb,    "FinancialFeb",    "yyyyFeb",     "Feb",    "P1Y",  365, 43),
    Row(PeriodType::FinancialApril,  "FinancialApril",  "yyyyApril",   "April",  "P1Y",  365, 0),
    Row(PeriodType::FinancialJuly,   "FinancialJuly",   "yyyyJuly",    "July",   "P1Y",  365, 0),
    Row(PeriodType::FinancialAug,    "FinancialAug",    "yyyyAug",     "Aug",    "P1Y",  365, 43),
    Row(PeriodType::FinancialSep,    "FinancialSep",    "yyyySep",     "Sep",    "P1Y",  365, 42),
    Row(PeriodType::FinancialOct,    "FinancialOct",    "yyyyOct",     "Oct",    "P1Y",  365, 0),
    Row(PeriodType::FinancialNov,    "FinancialNov",    "yyyyNov",     "Nov",    "P1Y",  365, 0),
];

impl PeriodType {
    /// The types that a release (the number after `2.`) knows.
    pub fn of_release(release: u32) -> impl Iterator<Item = PeriodType> {
        TABLE.iter().filter(move |row| row.6 <= release).map(|row| row.0)
    }

    /// By the name that a data set states, in a release that knows it.
    pub fn by_name(name: &str, release: u32) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name && row.6 <= release).map(|row| row.0)
    }

    /// `Weekly`, `Monthly` ...
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The form of its identifiers, as `/api/periodTypes` states it.
    pub fn iso_format(self) -> &'static str {
        self.row().2
    }

    /// Its duration in ADX: `P7D`.
    pub fn duration(self) -> &'static str {
        self.row().4
    }

    /// About how many days it takes: `frequencyOrder`.
    pub fn frequency_order(self) -> u16 {
        self.row().5
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    fn shape(self) -> Shape {
        match self {
            PeriodType::Daily => Shape::Day,
            PeriodType::Weekly => Shape::Week(Weekday::Monday),
            PeriodType::WeeklyWednesday => Shape::Week(Weekday::Wednesday),
            PeriodType::WeeklyThursday => Shape::Week(Weekday::Thursday),
            PeriodType::WeeklyFriday => Shape::Week(Weekday::Friday),
            PeriodType::WeeklySaturday => Shape::Week(Weekday::Saturday),
            PeriodType::WeeklySunday => Shape::Week(Weekday::Sunday),
            PeriodType::BiWeekly => Shape::TwoWeeks,
            PeriodType::Monthly => Shape::Months(1, 1),
            PeriodType::BiMonthly => Shape::Months(2, 1),
            PeriodType::Quarterly => Shape::Months(3, 1),
            PeriodType::QuarterlyNov => Shape::Months(3, 11),
            PeriodType::SixMonthly => Shape::Months(6, 1),
            PeriodType::SixMonthlyApril => Shape::Months(6, 4),
            PeriodType::SixMonthlyNov => Shape::Months(6, 11),
            PeriodType::Yearly => Shape::Months(12, 1),
            PeriodType::FinancialFeb => Shape::Months(12, 2),
            PeriodType::FinancialApril => Shape::Months(12, 4),
            PeriodType::FinancialJuly => Shape::Months(12, 7),
            PeriodType::FinancialAug => Shape::Months(12, 8),
            PeriodType::FinancialSep => Shape::Months(12, 9),
            PeriodType::FinancialOct => Shape::Months(12, 10),
            PeriodType::FinancialNov => Shape::Months(12, 11),
        }
    }
}

/// A period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// Its type.
    pub kind: PeriodType,
    /// Its first day.
    pub start: Date,
    /// Its last day.
    pub end: Date,
}

impl Period {
    /// The period of a type in which a day lies; of two that overlap the one that began last. `None` at the ends of the calendar.
    pub fn of(period_type: PeriodType, day: Date) -> Option<Self> {
        let start = match period_type.shape() {
            Shape::Day => day,
            Shape::Week(first) => on_or_before(day, first)?,
            Shape::TwoWeeks => {
                let monday = on_or_before(day, Weekday::Monday)?;
                let (_, week) = numbered(monday)?;
                if week % 2 == 0 { plus_days(monday, -7)? } else { monday }
            }
            Shape::Months(length, first) => {
                let into_year = (day.month() - first).rem_euclid(12);
                plus_months(day.first_of_month(), -(into_year % length))?
            }
        };
        Self::starting(period_type, start)
    }

    /// By its identifier, in a release (the number after `2.`) that knows the type.
    pub fn parse(id: &str, release: u32) -> Option<Self> {
        let (year, rest) = id.is_ascii().then_some(id)?.split_at_checked(4)?;
        let in_year: i16 = digits(year).then(|| year.parse().ok()).flatten().filter(|year| *year > 0)?;
        let day = |year: i16, month: &str, day: &str| Date::new(year, month.parse().ok()?, day.parse().ok()?).ok();
        let found = match (rest.len(), rest.as_bytes().first()) {
            (0, _) => Self::of(PeriodType::Yearly, date(in_year, 1, 1)),
            (2, _) if digits(rest) => Self::of(PeriodType::Monthly, day(in_year, rest, "1")?),
            (4, _) if digits(rest) => Self::of(PeriodType::Daily, day(in_year, &rest[..2], &rest[2..])?),
            (3, Some(b'-')) if digits(&rest[1..]) => Self::of(PeriodType::Monthly, day(in_year, &rest[1..], "1")?),
            (6, Some(b'-')) if digits(&rest[1..3]) && &rest[3..4] == "-" && digits(&rest[4..]) => {
                Self::of(PeriodType::Daily, day(in_year, &rest[1..3], &rest[4..])?)
            }
            (3, _) if rest.ends_with('B') && digits(&rest[..2]) => {
                let ordinal: i8 = rest[..2].parse().ok()?;
                Self::numbered(PeriodType::BiMonthly, in_year, ordinal)
            }
            _ => {
                let number_at = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
                let (marker, number) = rest.split_at(number_at);
                let row = TABLE.iter().find(|row| !row.3.is_empty() && row.3 == marker)?;
                match row.0.shape() {
                    Shape::Months(12, _) if number.is_empty() => Self::numbered(row.0, in_year, 1),
                    Shape::Months(12, _) => None,
                    Shape::Months(..) if number.len() == 1 => Self::numbered(row.0, in_year, number.parse().ok()?),
                    Shape::Week(_) | Shape::TwoWeeks if matches!(number.len(), 1 | 2) && digits(number) => {
                        Self::numbered(row.0, in_year, number.parse().ok()?)
                    }
                    _ => None,
                }
            }
        }?;
        (found.kind.row().6 <= release).then_some(found)
    }

    /// Its identifier.
    pub fn id(&self) -> String {
        let (year, month) = (self.start.year(), self.start.month());
        let marker = self.kind.row().3;
        match self.kind.shape() {
            Shape::Day => format!("{year:04}{month:02}{:02}", self.start.day()),
            Shape::Week(_) | Shape::TwoWeeks => {
                let (year, week) = numbered(self.start).unwrap_or((year, 1));
                let number = if self.kind == PeriodType::BiWeekly { week / 2 + 1 } else { week };
                format!("{year:04}{marker}{number}")
            }
            Shape::Months(1, _) => format!("{year:04}{month:02}"),
            Shape::Months(2, _) => format!("{year:04}{:02}B", (month - 1) / 2 + 1),
            Shape::Months(length, first) => {
                let into_year = (month - first).rem_euclid(12);
                let began = if month >= first { year } else { year - 1 };
                let named = if first == 11 { began + 1 } else { began };
                if length == 12 { format!("{named:04}{marker}") } else { format!("{named:04}{marker}{}", into_year / length + 1) }
            }
        }
    }

    /// As ADX writes it: `2024-01-01/P1M`.
    pub fn adx(&self) -> String {
        format!("{}/{}", self.start, self.kind.duration())
    }

    /// As ADX is read: a plain date and one of the known durations. The date is taken to the period that it lies in; weeks
    /// are told by their day, half years and years by their month. The error is the server's sentence.
    pub fn from_adx(text: &str, release: u32) -> Result<Self, String> {
        let (start, duration) = text.split_once('/').ok_or_else(|| format!("{text} not in valid <date>/<duration> format"))?;
        let bad_date = || format!("{start} is not a valid date in YYYY-MM-dd format");
        let plain = start.len() == 10 && start.is_ascii();
        let day: Date = plain.then(|| start.parse().ok()).flatten().ok_or_else(bad_date)?;
        let found = match duration {
            "P1D" => Some(PeriodType::Daily),
            "P7D" => match day.weekday() {
                Weekday::Monday => Some(PeriodType::Weekly),
                Weekday::Wednesday => Some(PeriodType::WeeklyWednesday),
                Weekday::Thursday => Some(PeriodType::WeeklyThursday),
                Weekday::Friday if release >= 43 => Some(PeriodType::WeeklyFriday),
                Weekday::Saturday => Some(PeriodType::WeeklySaturday),
                Weekday::Sunday => Some(PeriodType::WeeklySunday),
                _ => return Err(format!("{text} is invalid weekly type")),
            },
            "P14D" => Some(PeriodType::BiWeekly),
            "P1M" => Some(PeriodType::Monthly),
            "P2M" => Some(PeriodType::BiMonthly),
            "P3M" => Some(PeriodType::Quarterly),
            "P6M" => match day.month() {
                1 | 7 => Some(PeriodType::SixMonthly),
                4 | 10 => Some(PeriodType::SixMonthlyApril),
                5 | 11 => Some(PeriodType::SixMonthlyNov),
                _ => return Err(format!("{text} is invalid sixmonthly type")),
            },
            "P1Y" => match day.month() {
                1 => Some(PeriodType::Yearly),
                2 if release >= 43 => Some(PeriodType::FinancialFeb),
                4 => Some(PeriodType::FinancialApril),
                7 => Some(PeriodType::FinancialJuly),
                8 if release >= 43 => Some(PeriodType::FinancialAug),
                9 if release >= 43 => Some(PeriodType::FinancialSep),
                10 => Some(PeriodType::FinancialOct),
                11 => Some(PeriodType::FinancialNov),
                _ => return Err(format!("{text} is invalid yearly type")),
            },
            _ => None,
        };
        let period_type = found.ok_or_else(|| format!("{duration} is not a supported duration type"))?;
        Self::of(period_type, day).ok_or_else(bad_date)
    }

    /// The period so many steps later (earlier when negative).
    pub fn shift(&self, steps: i32) -> Option<Self> {
        let start = match self.kind.shape() {
            Shape::Day => plus_days(self.start, steps)?,
            Shape::Week(_) => plus_days(self.start, steps.checked_mul(7)?)?,
            Shape::Months(length, _) => self.start.checked_add(Span::new().try_months(i64::from(steps) * i64::from(length)).ok()?).ok()?,
            Shape::TwoWeeks => {
                let mut period = *self;
                for _ in 0..steps.unsigned_abs() {
                    let inside = if steps > 0 { plus_days(period.start, 14)? } else { plus_days(period.start, -1)? };
                    period = Self::of(PeriodType::BiWeekly, inside)?;
                }
                return Some(period);
            }
        };
        Self::starting(self.kind, start)
    }

    /// Whether this lies wholly between two days.
    pub fn within(&self, from: Date, to: Date) -> bool {
        self.start >= from && self.end <= to
    }

    fn starting(period_type: PeriodType, start: Date) -> Option<Self> {
        let after = match period_type.shape() {
            Shape::Day => plus_days(start, 1)?,
            Shape::Week(_) => plus_days(start, 7)?,
            Shape::TwoWeeks => plus_days(start, 14)?,
            Shape::Months(length, _) => plus_months(start, length)?,
        };
        Some(Self { kind: period_type, start, end: plus_days(after, -1)? })
    }

    /// The nth period of a year.
    fn numbered(period_type: PeriodType, year: i16, number: i8) -> Option<Self> {
        let start = match period_type.shape() {
            Shape::Day => return None,
            Shape::Week(first) => plus_days(on_or_before(date(year, 1, 4), first)?, 7 * (i32::from(number) - 1))?,
            Shape::TwoWeeks => plus_days(on_or_before(date(year, 1, 4), Weekday::Monday)?, 14 * (i32::from(number) - 1))?,
            Shape::Months(length, first) => {
                if number < 1 || number > 12 / length {
                    return None;
                }
                let begins = if first == 11 { year - 1 } else { year };
                plus_months(Date::new(begins, first, 1).ok()?, length * (number - 1))?
            }
        };
        let period = Self::starting(period_type, start)?;
        match period_type.shape() {
            // A number that runs into the next year names nothing: week 53 of a year with 52.
            Shape::Week(_) | Shape::TwoWeeks if number < 1 || numbered(period.start)?.0 != year => None,
            _ => Some(period),
        }
    }
}

/// Year and number of the week that begins on this day: it belongs to the year in which its fourth day lies.
fn numbered(start: Date) -> Option<(i16, i16)> {
    let fourth = plus_days(start, 3)?;
    Some((fourth.year(), (fourth.day_of_year() - 1) / 7 + 1))
}

fn on_or_before(day: Date, first: Weekday) -> Option<Date> {
    plus_days(day, -i32::from(day.weekday().since(first)))
}

fn plus_days(day: Date, days: i32) -> Option<Date> {
    day.checked_add(days.days()).ok()
}

fn plus_months(day: Date, months: i8) -> Option<Date> {
    day.checked_add(i32::from(months).months()).ok()
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
