//! Periods against the vectors of the reference: identifiers, dates and ADX.

use jiff::civil::{Date, date};

use super::period::{Period, PeriodType};

const NEWEST: u32 = 43;

fn day(text: &str) -> Date {
    text.parse().expect("a date of the table")
}

#[test]
fn every_type_has_its_example() {
    let check = |name: &str, id: &str, start: &str, end: &str, adx: &str| {
        let period = Period::parse(id, NEWEST).unwrap_or_else(|| panic!("{id} is an identifier"));
        assert_eq!((period.kind.name(), period.start, period.end), (name, day(start), day(end)), "{id}");
        assert_eq!((period.id().as_str(), period.adx().as_str()), (id, adx));
        assert_eq!(Period::of(period.kind, period.end), Some(period), "{id}");
        assert_eq!(Period::of(period.kind, period.start), Some(period), "{id}");
    };
    check("Daily", "20240315", "2024-03-15", "2024-03-15", "2024-03-15/P1D");
    check("Weekly", "2024W10", "2024-03-04", "2024-03-10", "2024-03-04/P7D");
    check("WeeklyWednesday", "2024WedW10", "2024-03-06", "2024-03-12", "2024-03-06/P7D");
    check("WeeklyThursday", "2024ThuW10", "2024-03-07", "2024-03-13", "2024-03-07/P7D");
    check("WeeklyFriday", "2024FriW10", "2024-03-01", "2024-03-07", "2024-03-01/P7D");
    check("WeeklySaturday", "2024SatW10", "2024-03-02", "2024-03-08", "2024-03-02/P7D");
    check("WeeklySunday", "2024SunW10", "2024-03-03", "2024-03-09", "2024-03-03/P7D");
    check("BiWeekly", "2024BiW5", "2024-02-26", "2024-03-10", "2024-02-26/P14D");
    check("Monthly", "202403", "2024-03-01", "2024-03-31", "2024-03-01/P1M");
    check("BiMonthly", "202402B", "2024-03-01", "2024-04-30", "2024-03-01/P2M");
    check("Quarterly", "2024Q1", "2024-01-01", "2024-03-31", "2024-01-01/P3M");
    check("QuarterlyNov", "2024NovQ1", "2023-11-01", "2024-01-31", "2023-11-01/P3M");
    check("SixMonthly", "2024S1", "2024-01-01", "2024-06-30", "2024-01-01/P6M");
    check("SixMonthlyApril", "2024AprilS2", "2024-10-01", "2025-03-31", "2024-10-01/P6M");
    check("SixMonthlyNov", "2024NovS1", "2023-11-01", "2024-04-30", "2023-11-01/P6M");
    check("Yearly", "2024", "2024-01-01", "2024-12-31", "2024-01-01/P1Y");
    check("FinancialFeb", "2024Feb", "2024-02-01", "2025-01-31", "2024-02-01/P1Y");
    check("FinancialApril", "2024April", "2024-04-01", "2025-03-31", "2024-04-01/P1Y");
    check("FinancialJuly", "2024July", "2024-07-01", "2025-06-30", "2024-07-01/P1Y");
    check("FinancialAug", "2024Aug", "2024-08-01", "2025-07-31", "2024-08-01/P1Y");
    check("FinancialSep", "2024Sep", "2024-09-01", "2025-08-31", "2024-09-01/P1Y");
    check("FinancialOct", "2024Oct", "2024-10-01", "2025-09-30", "2024-10-01/P1Y");
    check("FinancialNov", "2024Nov", "2023-11-01", "2024-10-31", "2023-11-01/P1Y");
}

#[test]
fn the_weeks_around_new_year() {
    let types = [
        PeriodType::Weekly,
        PeriodType::WeeklyWednesday,
        PeriodType::WeeklyThursday,
        PeriodType::WeeklyFriday,
        PeriodType::WeeklySaturday,
        PeriodType::WeeklySunday,
        PeriodType::BiWeekly,
    ];
    let check = |text: &str, expected: [&str; 7]| {
        for (period_type, id) in types.into_iter().zip(expected) {
            let period = Period::of(period_type, day(text)).expect("inside the calendar");
            assert_eq!(period.id(), id, "{text}");
            assert_eq!(Period::parse(id, NEWEST), Some(period), "{id}");
        }
    };
    check("2014-12-29", ["2015W1", "2014WedW52", "2014ThuW52", "2014FriW52", "2014SatW52", "2014SunW53", "2015BiW1"]);
    check("2015-01-01", ["2015W1", "2015WedW1", "2015ThuW1", "2014FriW52", "2014SatW52", "2014SunW53", "2015BiW1"]);
    check("2016-01-03", ["2015W53", "2016WedW1", "2016ThuW1", "2016FriW1", "2016SatW1", "2016SunW1", "2015BiW27"]);
    check("2018-12-31", ["2019W1", "2018WedW52", "2018ThuW52", "2018FriW53", "2019SatW1", "2019SunW1", "2019BiW1"]);
    check("2020-12-31", ["2020W53", "2021WedW1", "2021ThuW1", "2020FriW52", "2020SatW52", "2020SunW53", "2020BiW27"]);
    check("2021-01-04", ["2021W1", "2021WedW1", "2021ThuW1", "2021FriW1", "2021SatW1", "2021SunW1", "2021BiW1"]);
    check("2022-01-01", ["2021W52", "2022WedW1", "2022ThuW1", "2022FriW1", "2022SatW1", "2021SunW52", "2021BiW26"]);
    check("2024-01-01", ["2024W1", "2023WedW52", "2023ThuW53", "2024FriW1", "2024SatW1", "2024SunW1", "2024BiW1"]);
    check("2024-12-30", ["2025W1", "2024WedW52", "2024ThuW52", "2024FriW53", "2024SatW53", "2025SunW1", "2025BiW1"]);
    check("2026-12-31", ["2026W53", "2027WedW1", "2027ThuW1", "2026FriW52", "2026SatW52", "2026SunW52", "2026BiW27"]);
}

#[test]
fn november_types_are_named_by_the_year_of_their_end() {
    let check = |period_type: PeriodType, text: &str, id: &str| {
        assert_eq!(Period::of(period_type, day(text)).map(|period| period.id()).as_deref(), Some(id), "{text}");
    };
    check(PeriodType::QuarterlyNov, "2023-12-31", "2024NovQ1");
    check(PeriodType::QuarterlyNov, "2024-02-01", "2024NovQ2");
    check(PeriodType::QuarterlyNov, "2024-10-31", "2024NovQ4");
    check(PeriodType::SixMonthlyNov, "2024-05-01", "2024NovS2");
    check(PeriodType::SixMonthlyNov, "2024-11-01", "2025NovS1");
    check(PeriodType::SixMonthlyApril, "2024-02-10", "2023AprilS2");
    check(PeriodType::FinancialNov, "2024-11-01", "2025Nov");
    check(PeriodType::FinancialApril, "2024-03-31", "2023April");
}

#[test]
fn other_spellings_are_read_and_never_written() {
    let check = |text: &str, id: &str| assert_eq!(Period::parse(text, NEWEST).map(|period| period.id()).as_deref(), Some(id), "{text}");
    check("2024-03-15", "20240315");
    check("2024-03", "202403");
    check("2024W05", "2024W5");
    check("2024BiW05", "2024BiW5");
}

#[test]
fn what_is_no_period_is_refused() {
    for text in [
        "",
        "2024W53",
        "2024W0",
        "2023BiW27",
        "2024BiW28",
        "202413",
        "202400",
        "20240230",
        "2024Q5",
        "2024Q0",
        "2024S3",
        "202407B",
        "202400B",
        "2024X1",
        "24W1",
        "2024w1",
        "2024NovQ5",
        "2024April1",
        "2024Sep1",
        "abcd",
        "0000",
        "2024W1 ",
        "2024é1",
        "20241",
        "2024-1",
    ] {
        assert_eq!(Period::parse(text, NEWEST), None, "{text}");
    }
    assert!(Period::parse("2020W53", NEWEST).is_some() && Period::parse("2020BiW27", NEWEST).is_some());
}

#[test]
fn newer_types_are_unknown_to_older_releases() {
    let check = |id: &str, first: u32| {
        assert!(Period::parse(id, first).is_some(), "{id}");
        assert_eq!(Period::parse(id, first - 1), None, "{id}");
    };
    check("2024Sep", 42);
    check("2024Feb", 43);
    check("2024Aug", 43);
    check("2024FriW10", 43);
}

#[test]
fn adx_is_taken_to_the_period_that_a_date_lies_in() {
    let check = |text: &str, release: u32, id: Option<&str>| {
        assert_eq!(Period::from_adx(text, release).ok().map(|period| period.id()).as_deref(), id, "{text} {release}");
    };
    check("2024-03-15/P1M", 42, Some("202403"));
    check("2024-03-15/P1D", 42, Some("20240315"));
    check("2024-03-04/P7D", 42, Some("2024W10"));
    check("2024-03-06/P7D", 42, Some("2024WedW10"));
    check("2024-03-01/P7D", 42, None);
    check("2024-03-01/P7D", 43, Some("2024FriW10"));
    check("2024-03-05/P7D", 43, None);
    check("2024-02-26/P14D", 42, Some("2024BiW5"));
    check("2024-03-01/P2M", 42, Some("202402B"));
    check("2023-11-01/P3M", 42, Some("2023Q4"));
    check("2024-10-01/P6M", 42, Some("2024AprilS2"));
    check("2024-11-01/P6M", 42, Some("2025NovS1"));
    check("2024-02-01/P6M", 42, None);
    check("2024-09-01/P1Y", 42, None);
    check("2024-09-01/P1Y", 43, Some("2024Sep"));
    check("2023-11-01/P1Y", 42, Some("2024Nov"));
    check("2024-01-01/P1W", 42, None);
    check("2024-01-01/P2Y", 42, None);
    check("2024-01-01T00:00:00/P1M", 42, None);
    check("2024-01-01", 42, None);
    check("202401", 42, None);
}

#[test]
fn every_day_lies_in_one_period_and_the_next_one_begins_after_it() {
    let mut day = date(2012, 1, 1);
    while day < date(2029, 1, 1) {
        for period_type in PeriodType::of_release(NEWEST) {
            let period = Period::of(period_type, day).expect("inside the calendar");
            assert!(period.start <= day && day <= period.end, "{} {day}", period_type.name());
            assert_eq!(Period::parse(&period.id(), NEWEST), Some(period), "{}", period.id());
            let next = period.shift(1).expect("inside the calendar");
            if period_type != PeriodType::BiWeekly {
                assert_eq!(next.start, period.end.tomorrow().expect("inside the calendar"), "{}", period.id());
            }
            assert_eq!(next.shift(-1), Some(period), "{}", period.id());
        }
        day = day.checked_add(jiff::Span::new().days(3)).expect("inside the calendar");
    }
}
