use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn of(period_type: PeriodType, text: &str) -> Period {
    Period::of(period_type, day(text)).unwrap_or_else(|error| panic!("{period_type} of {text}: {error}"))
}

fn types() -> impl Iterator<Item = PeriodType> + Clone {
    PeriodType::all().filter(|one| one.has_identifiers())
}

#[test]
fn every_type_has_its_identifier_its_days_and_its_duration() {
    let cases = [
        ("Daily", "20240315", "2024-03-15", "2024-03-15", "2024-03-15/P1D"),
        ("Weekly", "2024W10", "2024-03-04", "2024-03-10", "2024-03-04/P7D"),
        ("WeeklyWednesday", "2024WedW10", "2024-03-06", "2024-03-12", "2024-03-06/P7D"),
        ("WeeklyThursday", "2024ThuW10", "2024-03-07", "2024-03-13", "2024-03-07/P7D"),
        ("WeeklyFriday", "2024FriW10", "2024-03-01", "2024-03-07", "2024-03-01/P7D"),
        ("WeeklySaturday", "2024SatW10", "2024-03-02", "2024-03-08", "2024-03-02/P7D"),
        ("WeeklySunday", "2024SunW10", "2024-03-03", "2024-03-09", "2024-03-03/P7D"),
        ("BiWeekly", "2024BiW5", "2024-02-26", "2024-03-10", "2024-02-26/P14D"),
        ("Monthly", "202403", "2024-03-01", "2024-03-31", "2024-03-01/P1M"),
        ("BiMonthly", "202402B", "2024-03-01", "2024-04-30", "2024-03-01/P2M"),
        ("Quarterly", "2024Q1", "2024-01-01", "2024-03-31", "2024-01-01/P3M"),
        ("QuarterlyNov", "2024NovQ1", "2023-11-01", "2024-01-31", "2023-11-01/P3M"),
        ("SixMonthly", "2024S1", "2024-01-01", "2024-06-30", "2024-01-01/P6M"),
        ("SixMonthlyApril", "2024AprilS2", "2024-10-01", "2025-03-31", "2024-10-01/P6M"),
        ("SixMonthlyNov", "2024NovS1", "2023-11-01", "2024-04-30", "2023-11-01/P6M"),
        ("Yearly", "2024", "2024-01-01", "2024-12-31", "2024-01-01/P1Y"),
        ("FinancialFeb", "2024Feb", "2024-02-01", "2025-01-31", "2024-02-01/P1Y"),
        ("FinancialApril", "2024April", "2024-04-01", "2025-03-31", "2024-04-01/P1Y"),
        ("FinancialJuly", "2024July", "2024-07-01", "2025-06-30", "2024-07-01/P1Y"),
        ("FinancialAug", "2024Aug", "2024-08-01", "2025-07-31", "2024-08-01/P1Y"),
        ("FinancialSep", "2024Sep", "2024-09-01", "2025-08-31", "2024-09-01/P1Y"),
        ("FinancialOct", "2024Oct", "2024-10-01", "2025-09-30", "2024-10-01/P1Y"),
        ("FinancialNov", "2024Nov", "2023-11-01", "2024-10-31", "2023-11-01/P1Y"),
        ("Weekly", "2026W10", "2026-03-02", "2026-03-08", "2026-03-02/P7D"),
        ("Weekly", "2026W53", "2026-12-28", "2027-01-03", "2026-12-28/P7D"),
        ("Weekly", "2027W1", "2027-01-04", "2027-01-10", "2027-01-04/P7D"),
        ("BiWeekly", "2024BiW2", "2024-01-15", "2024-01-28", "2024-01-15/P14D"),
        ("WeeklyWednesday", "2024WedW1", "2024-01-03", "2024-01-09", "2024-01-03/P7D"),
        ("SixMonthlyNov", "2025NovS1", "2024-11-01", "2025-04-30", "2024-11-01/P6M"),
        ("FinancialNov", "2025Nov", "2024-11-01", "2025-10-31", "2024-11-01/P1Y"),
        ("BiWeekly", "2020BiW27", "2020-12-28", "2021-01-10", "2020-12-28/P14D"),
        ("BiMonthly", "202406B", "2024-11-01", "2024-12-31", "2024-11-01/P2M"),
    ];
    for (name, id, start, end, adx) in cases {
        let period_type = PeriodType::parse(name).expect(name);
        let period = Period::parse_as(period_type, id).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!((period.start(), period.end(), period.adx()), (day(start), day(end), adx.to_owned()), "{id}");
        assert_eq!(period.id(), id);
        assert_eq!(of(period_type, start), period);
    }
    for period_type in types() {
        assert_eq!(Period::parse(period_type.example()).map(Period::period_type), Ok(period_type));
    }
}

/// The vectors of the weeks around the turns of years.
#[test]
fn weeks_around_the_turn_of_the_year() {
    use PeriodType::*;
    let columns = [Weekly, WeeklyWednesday, WeeklyThursday, WeeklyFriday, WeeklySaturday, WeeklySunday, BiWeekly];
    let rows = "\
2014-12-29 2015W1  2014WedW52 2014ThuW52 2014FriW52 2014SatW52 2014SunW53 2015BiW1
2015-01-01 2015W1  2015WedW1  2015ThuW1  2014FriW52 2014SatW52 2014SunW53 2015BiW1
2016-01-03 2015W53 2016WedW1  2016ThuW1  2016FriW1  2016SatW1  2016SunW1  2015BiW27
2018-12-31 2019W1  2018WedW52 2018ThuW52 2018FriW53 2019SatW1  2019SunW1  2019BiW1
2020-12-31 2020W53 2021WedW1  2021ThuW1  2020FriW52 2020SatW52 2020SunW53 2020BiW27
2021-01-04 2021W1  2021WedW1  2021ThuW1  2021FriW1  2021SatW1  2021SunW1  2021BiW1
2022-01-01 2021W52 2022WedW1  2022ThuW1  2022FriW1  2022SatW1  2021SunW52 2021BiW26
2024-01-01 2024W1  2023WedW52 2023ThuW53 2024FriW1  2024SatW1  2024SunW1  2024BiW1
2024-12-30 2025W1  2024WedW52 2024ThuW52 2024FriW53 2024SatW53 2025SunW1  2025BiW1
2026-12-31 2026W53 2027WedW1  2027ThuW1  2026FriW52 2026SatW52 2026SunW52 2026BiW27";
    for row in rows.lines() {
        let mut words = row.split_whitespace();
        let at = words.next().expect("a day");
        let found: Vec<String> = columns.iter().map(|&column| of(column, at).id()).collect();
        assert_eq!(found, words.collect::<Vec<_>>(), "{at}");
    }
}

#[test]
fn months_around_november() {
    let cases = [
        ("QuarterlyNov", "2023-12-15", "2024NovQ1"),
        ("QuarterlyNov", "2024-01-31", "2024NovQ1"),
        ("QuarterlyNov", "2024-02-01", "2024NovQ2"),
        ("QuarterlyNov", "2024-07-31", "2024NovQ3"),
        ("QuarterlyNov", "2024-10-31", "2024NovQ4"),
        ("SixMonthlyNov", "2023-11-01", "2024NovS1"),
        ("SixMonthlyNov", "2024-05-01", "2024NovS2"),
        ("SixMonthlyNov", "2024-10-31", "2024NovS2"),
        ("SixMonthlyApril", "2024-09-30", "2024AprilS1"),
        ("SixMonthlyApril", "2024-03-31", "2023AprilS2"),
        ("FinancialNov", "2024-10-31", "2024Nov"),
        ("FinancialNov", "2024-11-01", "2025Nov"),
        ("FinancialFeb", "2024-01-31", "2023Feb"),
        ("FinancialSep", "2024-08-31", "2023Sep"),
        ("BiMonthly", "2024-02-29", "202401B"),
        ("Quarterly", "2024-09-30", "2024Q3"),
        ("SixMonthly", "2024-07-01", "2024S2"),
    ];
    for (name, at, id) in cases {
        assert_eq!(of(PeriodType::parse(name).expect(name), at).id(), id, "{at}");
    }
}

#[test]
fn what_is_read_and_how_it_is_written() {
    let read = [
        ("2024-03-15", "20240315"),
        ("2024-03", "202403"),
        ("2024W09", "2024W9"),
        ("2024WedW01", "2024WedW1"),
        ("2024BiW05", "2024BiW5"),
        ("20240229", "20240229"),
    ];
    for (text, id) in read {
        assert_eq!(Period::parse(text).map(Period::id), Ok(id.to_owned()), "{text}");
    }
    let refused = [
        "",
        "2024W53",
        "2024W0",
        "2024W00",
        "2024W009",
        "2024W",
        "2024w1",
        "2024WedW53",
        "2023FriW53",
        "2023BiW27",
        "2024BiW0",
        "2024BiW28",
        "2024Q0",
        "2024Q5",
        "2024Q01",
        "2024NovQ5",
        "2024S3",
        "2024AprilS0",
        "202400",
        "202413",
        "2024-13",
        "2024-3",
        "20240230",
        "20230229",
        "2024-02-30",
        "2024-0229",
        "202407B",
        "202400B",
        "20241B",
        "2024B",
        "24",
        "02024",
        " 2024",
        "2024 ",
        "2024W 1",
        "2024W+1",
        "2024Mar",
        "2024april",
        "2024NovW1",
        "2024-03-15T00:00:00Z",
        "\u{0661}\u{0669}\u{0669}\u{0669}",
        "2024\u{e9}1",
        "0999",
        "9999",
        "2024W1x",
        "99990101",
        "2024-W10",
        "P1M",
        "2024-03-04/P7D",
    ];
    for text in refused {
        let error = Period::parse(text).expect_err(text);
        assert_eq!(error.cause().code, crate::catalogue::record::NOT_A_PERIOD);
    }
    assert_eq!(Period::parse("2024W53").expect_err("2024 has 52 weeks").to_string(), "there is no period 53 of type Weekly in 2024");
    let error = Period::parse_as(PeriodType::Weekly, "202403").expect_err("a month");
    assert_eq!(error.to_string(), "the period is of type Monthly, but Weekly is due, such as 2024W10");
    let error = Period::of(PeriodType::TwoYearly, date(2024, 1, 1)).expect_err("it has no identifier");
    assert_eq!(error, PeriodError::NoIdentifiers { period_type: PeriodType::TwoYearly });
}

#[test]
fn the_years_end_somewhere() {
    for period_type in types() {
        let first = Period::of(period_type, date(1000, 12, 1)).expect("a year of four digits");
        assert!(Period::of(period_type, date(998, 6, 1)).is_err(), "{period_type}");
        assert!(Period::of(period_type, Date::MIN).is_err() && Period::of(period_type, Date::MAX).is_err(), "{period_type}");
        assert_eq!(first.minus(1_000_000), None);
        let last =
            std::iter::successors(Period::of(period_type, date(9997, 7, 1)).ok(), |period| period.next()).last().expect("there is one");
        assert_eq!(Period::parse(&last.id()), Ok(last));
        assert!(last.id().starts_with("9998"), "{last:?}");
    }
}

#[test]
fn neighbours() {
    let neighbours =
        [("2020W53", "2021W1"), ("2020BiW26", "2020BiW27"), ("2020BiW27", "2021BiW1"), ("202312", "202401"), ("2023NovQ4", "2024NovQ1")];
    for (one, other) in neighbours {
        let (one, other) = (Period::parse(one).expect(one), Period::parse(other).expect(other));
        assert_eq!((one.next(), other.previous(), other.minus(1), one.minus(0)), (Some(other), Some(one), Some(one), Some(one)));
        assert!(one < other);
    }
    assert_eq!(Period::parse("2024W10").expect("a week").minus(10).map(Period::id), Some("2023W52".to_owned()));
    let (early, late) = (Period::parse("2020BiW27").expect("27"), Period::parse("2021BiW1").expect("1"));
    assert!(early.contains(day("2021-01-04")) && late.contains(day("2021-01-04")), "the overlap of DHIS2");
    assert_eq!(of(PeriodType::BiWeekly, "2021-01-04"), late);
}

#[test]
fn adx_as_dhis2_reads_it_and_as_it_is_written() {
    // What is read, what DHIS2 takes it for, what it says.
    let refused = "-";
    let cases = [
        ("2024-03-15/P1M", "202403", refused),
        ("2024-03-01/P1M", "202403", "202403"),
        ("2017-09-01/P3M", "2017Q3", refused),
        ("2023-11-01/P3M", "2023Q4", "2024NovQ1"),
        ("2024-02-01/P3M", "2024Q1", "2024NovQ2"),
        ("2024-03-05/P7D", refused, refused),
        ("2024-03-08/P7D", "2024FriW11", "2024FriW11"),
        ("2024-03-06/P14D", "2024BiW5", refused),
        ("2024-10-01/P6M", "2024AprilS2", "2024AprilS2"),
        ("2024-11-15/P6M", "2025NovS1", refused),
        ("2024-03-01/P6M", refused, refused),
        ("2024-03-01/P1Y", refused, refused),
        ("2024-09-01/P1Y", "2024Sep", "2024Sep"),
        ("2024-02-01/P2M", "202401B", refused),
        ("2024-03-04/P1W", refused, refused),
        ("2024-03-04/P2Y", refused, refused),
        ("2024-03-04T00:00:00/P7D", refused, refused),
        ("2024-03-04", refused, refused),
        ("20240304/P7D", refused, refused),
        ("2024-03-04/", refused, refused),
        ("2024W10", refused, refused),
        ("0024-01-01/P1M", refused, refused),
    ];
    for (text, as_dhis2, exactly) in cases {
        let shown = |period: Result<Period, PeriodError>| period.map_or_else(|_| refused.to_owned(), Period::id);
        assert_eq!(
            (shown(Period::from_adx(text)), shown(Period::from_adx_exactly(text))),
            (as_dhis2.to_owned(), exactly.to_owned()),
            "{text}"
        );
    }
    let error = Period::from_adx_exactly("2017-09-01/P3M").expect_err("it begins in July");
    assert_eq!(error.to_string(), "the period does not begin on that day: the period 2017Q3, in which it lies, begins on 2017-07-01");
}

#[test]
fn releases_know_different_types() {
    let unknown = |release: u16| PeriodType::all().filter(|one| !one.known_in(release)).map(PeriodType::name).collect::<Vec<_>>();
    let unread = |release: u16| {
        PeriodType::all().filter(|one| one.known_in(release) && !one.read_from_adx_in(release)).map(PeriodType::name).collect::<Vec<_>>()
    };
    assert_eq!(unknown(38), ["WeeklyFriday", "FinancialFeb", "FinancialAug", "FinancialSep"]);
    assert_eq!(unknown(42), ["WeeklyFriday", "FinancialFeb", "FinancialAug"]);
    assert_eq!(unknown(43), [""; 0]);
    assert_eq!(unread(42), ["QuarterlyNov", "FinancialSep", "TwoYearly"]);
    assert_eq!(unread(43), ["QuarterlyNov", "TwoYearly"]);
}

#[test]
fn it_is_its_identifier_in_json() {
    let period = of(PeriodType::Weekly, "2024-03-04");
    assert_eq!(serde_json::to_string(&period).expect("JSON"), "\"2024W10\"");
    assert_eq!(serde_json::from_str::<Period>("\"2024W10\"").expect("a period"), period);
    assert!(serde_json::from_str::<Period>("\"2024W60\"").is_err());
}

fn days() -> impl Strategy<Value = Date> {
    // Far enough from the first and the last year that a period names, so that there is one before and one after.
    (1003i16..=9994, 1i16..=366)
        .prop_map(|(year, number)| Date::new(year, 1, 1).expect("a day").saturating_add(i64::from(number - 1).days()))
}

proptest! {
    #[test]
    fn every_day_lies_in_exactly_one_period(day in days()) {
        for period_type in types() {
            let period = Period::of(period_type, day).expect("a period");
            prop_assert!(period.contains(day), "{period:?} does not hold {day}");
            let (before, after) = (period.previous().expect("one before"), period.next().expect("one after"));
            prop_assert!(!after.contains(day), "{after:?} also holds {day}");
            // The one exception: the week after a week 53 lies also in the last two weeks of the year before.
            let overlaps = period_type == PeriodType::BiWeekly && before.id().ends_with("BiW27");
            prop_assert!(overlaps || !before.contains(day), "{before:?} also holds {day}");
            prop_assert_eq!(Period::of(period_type, period.start()), Ok(period));
            let last = if overlaps || period.id().ends_with("BiW27") { period.start() } else { period.end() };
            prop_assert_eq!(Period::of(period_type, last), Ok(period));
        }
    }

    #[test]
    fn next_and_previous_are_inverse_and_in_order(day in days()) {
        for period_type in types() {
            let period = Period::of(period_type, day).expect("a period");
            let (before, after) = (period.previous().expect("one before"), period.next().expect("one after"));
            prop_assert_eq!((before.next(), after.previous(), after.minus(2)), (Some(period), Some(period), Some(before)));
            prop_assert!(before < period && period < after && before.end() < after.start());
        }
    }

    #[test]
    fn identifiers_and_adx_lead_back(day in days()) {
        for period_type in types() {
            let period = Period::of(period_type, day).expect("a period");
            prop_assert_eq!(Period::parse_as(period_type, &period.id()), Ok(period));
            prop_assert_eq!(Period::from_adx_exactly(&period.adx()), Ok(period));
            let survives = period_type != PeriodType::QuarterlyNov;
            prop_assert_eq!(Period::from_adx(&period.adx()) == Ok(period), survives, "{:?}", period);
            prop_assert_eq!(survives, period_type.read_from_adx_in(43));
        }
    }

    #[test]
    fn week_53_is_only_in_years_that_have_it(year in 1001i16..=9996) {
        for period_type in types().filter(|one| matches!(one.shape(), Shape::Week(_))) {
            let last = Period::of(period_type, Date::new(year, 12, 28).expect("a day")).expect("a week");
            let id = format!("{year}{}53", period_type.infix());
            let has_it = std::iter::successors(Some(last), |week| week.next()).take(3).any(|week| week.id() == id);
            prop_assert_eq!(Period::parse(&id).is_ok(), has_it, "{}", id);
            if period_type == PeriodType::Weekly {
                let two_weeks = format!("{year}BiW27");
                prop_assert_eq!(Period::parse(&two_weeks).is_ok(), has_it, "{}", two_weeks);
            }
        }
    }

    #[test]
    fn no_text_breaks_it(text in "(?s).{0,14}", likely in "[0-9]{3,5}(|W|BiW|NovQ|-|B)[0-9]{0,4}(|B|-)[0-9]{0,2}") {
        for text in [text, likely] {
            if let Ok(period) = Period::parse(&text) {
                prop_assert_eq!(Period::parse(&period.id()), Ok(period));
            }
            let _ = Period::from_adx(&text);
            let _ = Period::from_adx_exactly(&text);
        }
    }
}
