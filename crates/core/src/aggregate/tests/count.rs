//! What records count for: days, places, categories, items, values, and what is refused.

use super::*;

#[test]
fn the_day_decides_the_period() {
    let sheet = "indicator,data_element,value,date\ndeaths,Deaths,count,\n";
    for (day, period) in [
        ("2024-03-04", "2024W10"),
        ("2024-03-10", "2024W10"),
        // Midnight in UTC is a day as it was written, whatever the zone.
        ("2024-03-04T00:00:00.000Z", "2024W10"),
        ("2024-03-11T00:00:00.000Z", "2024W11"),
        // Any other moment lies in the day of the project's zone, which is three hours ahead.
        ("2024-03-10T20:59:00.000Z", "2024W10"),
        ("2024-03-10T21:00:00.000Z", "2024W11"),
        ("2024-03-10T22:00:00+03:00", "2024W10"),
        ("2020-12-31", "2020W53"),
    ] {
        check(sheet, &json!({ "reported": day, "place": "L-NORTH" }), &[&format!("deaths {period} ou_north coc-default 1")], &[]);
    }
    for (day, code) in [(json!(null), "K1131"), (json!(""), "K1131"), (json!("10/03/2024"), "K0304"), (json!(45_000), "K0304")] {
        check(sheet, &json!({ "reported": day, "place": "L-NORTH" }), &[], &[&format!("deaths {code}")]);
    }
    check(
        "indicator,data_element,value,date\ndeaths,Deaths,count,\"died | date(\"\"dd/MM/yyyy\"\")\"\ntests,Tests,count,{ has(onset) ? onset : reported }\n",
        &json!({ "reported": "2024-03-04", "died": "11/03/2024", "place": "L-NORTH" }),
        &["deaths 2024W11 ou_north coc-default 1", "tests 2024W10 ou_north coc-default 1"],
        &[],
    );
}

#[test]
fn the_place_decides_the_org_unit() {
    let sheet = "indicator,data_element,value\ndeaths,Deaths,count\n";
    for (place, unit) in [
        ("L-NORTH", "ou_north"),
        ("l-north ", "ou_north"),
        ("L-SOUTH", "ou_south"),
        // Below the level: added up to it. Not mapped itself: the nearest place around it that is.
        ("L-CLINIC", "ou_north"),
        ("L-VILLAGE", "ou_south"),
        // Listed without a counterpart is not mapped itself.
        ("L-GONE", "ou_north"),
    ] {
        check(sheet, &json!({ "reported": "2024-03-04", "place": place }), &[&format!("deaths 2024W10 {unit} coc-default 1")], &[]);
    }
    for (place, code) in [
        (json!("L-CAPITAL"), "K1134"),
        (json!("L-ABROAD"), "K1132"),
        (json!("nowhere"), "K1132"),
        (json!(null), "K1132"),
        (json!(["L-NORTH"]), "K1132"),
    ] {
        check(sheet, &json!({ "reported": "2024-03-04", "place": place }), &[], &[&format!("deaths {code}")]);
    }
}

#[test]
fn places_without_a_crosswalk_are_org_units_themselves() {
    let text = |rule: &str| {
        let flow = FLOW.replace("path: place, crosswalk: places, level: 2", rule);
        format!("{KIVUKO}{flow}=== aggregates/weekly.csv\nindicator,data_element,value\ndeaths,Deaths,count\n")
    };
    let found = |rule: &str, place: &str| {
        let mut bench = Bench::of(&text(rule));
        bench.places = None;
        let (parts, causes) = bench.words(&json!({ "reported": "2024-03-04", "place": place }));
        [parts, causes].concat().join("; ")
    };
    assert_eq!(found("path: place", "clinic1"), "deaths 2024W10 clinic1 coc-default 1");
    assert_eq!(found("path: place", "Clinic One"), "deaths 2024W10 clinic1 coc-default 1");
    assert_eq!(found("path: place, level: 2", "clinic3"), "deaths 2024W10 ou_south coc-default 1");
    // The data set is not for it; two are called so; nobody knows it.
    assert_eq!(found("path: place", "clinic3"), "deaths K1133");
    assert_eq!(found("path: place, level: 2", "Clinic"), "deaths K1132");
    assert_eq!(found("path: place, level: 2", "West District"), "deaths K1133");
    assert_eq!(found("path: place", "L-NORTH"), "deaths K1132");
}

#[test]
fn the_rows_of_a_crosswalk_may_hold_on_some_days_only_and_for_all_others() {
    let bench = |codes: &str| {
        Bench::of(&format!(
            "{KIVUKO}{FLOW}=== aggregates/weekly.csv\nindicator,data_element,value\ndeaths,Deaths,count\n=== codes/places.csv\n{codes}"
        ))
    };
    let found = |bench: &Bench, place: &str, day: &str| {
        let (parts, causes) = bench.words(&json!({ "reported": day, "place": place }));
        [parts, causes].concat().join("; ")
    };
    let days = bench("godata,hmis,valid_from,valid_to\nL-NORTH,OU_NORTH,,2024-03-03\nL-NORTH,South District,2024-03-04,\n");
    assert_eq!(found(&days, "L-CLINIC", "2024-03-03"), "deaths 2024W9 ou_north coc-default 1");
    assert_eq!(found(&days, "L-CLINIC", "2024-03-04"), "deaths 2024W10 ou_south coc-default 1");

    let dropped = bench("godata,hmis\nL-NORTH,OU_NORTH\n*,drop\n");
    assert_eq!(found(&dropped, "L-CLINIC", "2024-03-04"), "deaths 2024W10 ou_north coc-default 1");
    assert_eq!(found(&dropped, "L-ABROAD", "2024-03-04"), "");
    let kept = bench("godata,hmis\nL-NORTH,OU_NORTH\n*,keep\n");
    assert_eq!(found(&kept, "clinic3", "2024-03-04"), "deaths 2024W10 ou_south coc-default 1");
    let others = bench("godata,hmis\nL-NORTH,OU_NORTH\n*,South District\n");
    assert_eq!(found(&others, "L-ABROAD", "2024-03-04"), "deaths 2024W10 ou_south coc-default 1");
}

#[test]
fn an_unmapped_place_says_which_and_where_it_is_missing() {
    let bench = Bench::new("indicator,data_element,value\ndeaths,Deaths,count\n");
    let cause = |place: &str| bench.count(&json!({ "reported": "2024-03-04", "place": place })).causes[0].1.clone();
    let known = cause("L-ABROAD");
    assert_eq!(known.unlisted.as_ref().map(|unlisted| (unlisted.list.as_str(), unlisted.value.as_str())), Some(("places", "L-ABROAD")));
    assert_eq!(known.cell.as_deref(), Some("aggregates/weekly.csv, row 2, column org_unit"));
    assert!(known.message.starts_with("the place `Place L-ABROAD` of the record is not found in the crosswalk `places`"), "{known}");
    // What is no place of the source may be anything, also a name in the wrong column.
    let unknown = cause("Hawa Sample");
    assert!(!format!("{unknown:?}").contains("Hawa"), "{unknown:?}");
    assert!(unknown.unlisted.is_some_and(|unlisted| unlisted.value.starts_with("(11 characters, ")));
}

#[test]
fn values_that_are_no_option_are_not_shown() {
    for by in ["sex: sex", "sex: sex | codes(sex)"] {
        let bench = Bench::new(&format!("indicator,data_element,value,by\ndoses,Doses,count,{by}\n"));
        let counted = bench.count(&json!({ "reported": "2024-03-04", "place": "L-NORTH", "sex": "Hawa Sample" }));
        let cause = &counted.causes[0].1;
        assert!(!format!("{cause:?}").contains("Hawa") && cause.unlisted.is_some(), "{cause:?}");
    }
}

#[test]
fn categories_decide_the_option_combination() {
    let sheet = "indicator,data_element,value,by\ncases,Cases,count,\"sex: sex | codes(sex); age: age(0-4,5-14,15+)\"\n";
    let record = |sex: Value, age: Value| json!({ "reported": "2024-03-04", "place": "L-NORTH", "sex": sex, "age": age });
    for (sex, age, combo) in [
        ("GENDER_FEMALE", json!({ "years": 4 }), "coc-f-a0"),
        ("GENDER_FEMALE", json!({ "years": 0, "months": 11 }), "coc-f-a0"),
        // Go.Data keeps only months for an infant.
        ("GENDER_MALE", json!({ "years": null, "months": 3 }), "coc-m-a0"),
        ("GENDER_MALE", json!({ "years": 14.9 }), "coc-m-a5"),
        ("GENDER_MALE", json!(15), "coc-m-a15"),
        ("GENDER_MALE", json!("99"), "coc-m-a15"),
    ] {
        check(sheet, &record(json!(sex), age), &[&format!("cases 2024W10 ou_north {combo} 1")], &[]);
    }
    for (sex, age, codes) in [
        (json!(null), json!(5), vec!["cases K1135"]),
        (json!("GENDER_FEMALE"), json!({}), vec!["cases K1135"]),
        (json!("GENDER_FEMALE"), json!({ "months": null }), vec!["cases K1135"]),
        (json!("GENDER_FEMALE"), json!(-1), vec!["cases K0305"]),
        (json!("GENDER_FEMALE"), json!("old"), vec!["cases K0305"]),
        (json!("GENDER_OTHER"), json!(5), vec!["cases K0306"]),
    ] {
        check(sheet, &record(sex, age), &[], &codes);
    }
    // Everything that is wrong with an indicator is said at once.
    check(sheet, &json!({ "place": "nowhere" }), &[], &["cases K1131", "cases K1132", "cases K1135"]);

    // Options by id, code and name, whatever the letters; a constant; transforms after the bands; a combination that is not there.
    let sheet = "indicator,data_element,value,by\ncases,Cases,count,\"sex: { sex == null ? \"\"Unknown\"\" : sex }; age: years(0-4,5-14,15+) | upper\"\n";
    for (sex, years, found) in [
        (json!("f"), 3, Ok("coc-f-a0")),
        (json!("FEMALE"), 7, Ok("coc-f-a5")),
        (json!("Male"), 7, Ok("coc-m-a5")),
        (json!(null), 7, Ok("coc-u-a5")),
        (json!(null), 70, Err("cases K1136")),
        (json!("X"), 7, Err("cases K1135")),
    ] {
        let record = json!({ "reported": "2024-03-04", "place": "L-NORTH", "sex": sex, "years": years });
        match found {
            Ok(combo) => check(sheet, &record, &[&format!("cases 2024W10 ou_north {combo} 1")], &[]),
            Err(code) => check(sheet, &record, &[], &[code]),
        }
    }
}

#[test]
fn values_are_counted_added_up_compared() {
    let sheet = "indicator,data_element,value,where
deaths,Deaths,count,{ outcome == \"DECEASED\" }
tests,Tests,sum(tests),
rate,Rate,\"avg(weight | number(\"\",\"\"))\",
people,,distinct(person),
";
    let record = |more: Value| {
        let mut record = json!({ "reported": "2024-03-04", "place": "L-NORTH" });
        for (name, value) in more.as_object().expect("an object") {
            record[name] = value.clone();
        }
        record
    };
    check(sheet, &record(json!({})), &[], &[]);
    check(
        sheet,
        &record(json!({ "outcome": "DECEASED", "tests": 3, "weight": "12,5", "person": "p1" })),
        &[
            "deaths 2024W10 ou_north coc-default 1",
            "tests 2024W10 ou_north coc-default 3",
            "rate 2024W10 ou_north coc-default 12.5",
            "people 2024W10 ou_north () *",
        ],
        &[],
    );
    // A text where a number is due costs that indicator only; a number as text is one.
    check(sheet, &record(json!({ "outcome": "DECEASED", "tests": "three" })), &["deaths 2024W10 ou_north coc-default 1"], &["tests K1137"]);
    check(sheet, &record(json!({ "tests": "3.50" })), &["tests 2024W10 ou_north coc-default 3.5"], &[]);
    check(sheet, &record(json!({ "tests": 0 })), &["tests 2024W10 ou_north coc-default 0"], &[]);
    check(sheet, &record(json!({ "outcome": 1 })), &[], &["deaths K0309"]);
}

#[test]
fn numbers_of_parts() {
    let bench = Bench::new("indicator,data_element,value\ndeaths,Deaths,count\ntests,Tests,avg(n)\n");
    let own = bench.own();
    let number = |position: usize, parts: &[Part]| {
        own.indicators[position]
            .number(parts.iter().copied())
            .map(|number| number.map(|number| number.to_string()))
            .map_err(|error| error.to_string())
    };
    assert_eq!(number(0, &[Part::Count(2), Part::Count(1)]), Ok(Some("3".to_owned())));
    assert_eq!(number(0, &[]), Ok(Some("0".to_owned())));
    assert_eq!(number(1, &[]), Ok(None));
    assert!(number(1, &[Part::Count(2)]).is_err());
}

#[test]
fn small_numbers_of_people() {
    let small = |sheet: &str, number: u64| {
        let text = format!("{KIVUKO}{}=== aggregates/weekly.csv\n{sheet}{PLACES}", FLOW.replace("zeros: report", "small_cells: 5"));
        Bench::of(&text).own().is_small(0, Amount::count(number))
    };
    let count = "indicator,data_element,value\ndeaths,Deaths,count\n";
    for (number, expected) in [(0, false), (1, true), (4, true), (5, false)] {
        assert_eq!(small(count, number), expected, "{number}");
    }
    assert!(!small("indicator,data_element,value\ndeaths,Deaths,avg(age)\n", 3));
    assert!(!Bench::new(count).own().is_small(0, Amount::count(1)));
}

#[test]
fn items_are_counted_one_by_one() {
    let sheet = "indicator,data_element,each,where,value,date,org_unit
tests,Tests,labs[],{ item.result == \"POSITIVE\" },count,item.taken,
deaths,Deaths,labs[],,count,labs[].taken,labs[].lab
rate,Rate,labs[],{ deceased == true },sum(item.n),,
";
    let lab = |taken: &str, result: &str| json!({ "taken": taken, "result": result, "lab": "L-SOUTH", "n": 2 });
    let record = json!({
        "reported": "2024-03-18", "place": "L-NORTH", "deceased": true,
        "labs": [lab("2024-03-04", "POSITIVE"), lab("2024-03-05", "POSITIVE"), lab("2024-03-11", "NEGATIVE")],
    });
    check(
        sheet,
        &record,
        &[
            "tests 2024W10 ou_north coc-default 2",
            "deaths 2024W10 ou_south coc-default 2",
            "deaths 2024W11 ou_south coc-default 1",
            "rate 2024W12 ou_north coc-default 2",
            "rate 2024W12 ou_north coc-default 2",
            "rate 2024W12 ou_north coc-default 2",
        ],
        &[],
    );
    // One item that cannot be counted: nothing of the record is counted for this indicator, and the others are.
    let mut broken = record.clone();
    broken["labs"][1]["taken"] = json!(null);
    let rate = "rate 2024W12 ou_north coc-default 2";
    check(sheet, &broken, &[rate, rate, rate], &["tests K1131", "deaths K1131"]);
    check(sheet, &json!({ "reported": "2024-03-18", "place": "L-NORTH", "labs": [] }), &[], &[]);
}

#[test]
fn several_values_are_never_guessed_between() {
    let record = json!({ "reported": "2024-03-04", "place": "L-NORTH", "labs": [{ "n": 1 }, { "n": 2 }] });
    check("indicator,data_element,value\ntests,Tests,sum(labs[].n)\n", &record, &[], &["tests K0308"]);
    let first = "indicator,data_element,value\ntests,Tests,sum(labs[].n | first)\n";
    check(first, &record, &["tests 2024W10 ou_north coc-default 1"], &[]);
}

#[test]
fn the_same_value_twice_in_a_record_is_one() {
    let bench = Bench::new("indicator,data_element,each,value\ntests,Tests,labs[],distinct(item.person)\n");
    let record =
        json!({ "reported": "2024-03-04", "place": "L-NORTH", "labs": [{ "person": "a" }, { "person": " a" }, { "person": "b" }] });
    assert_eq!(bench.count(&record).parts.len(), 2);
}

#[test]
fn flow_six_sends_three_for_the_day_and_the_week() {
    for (kind, period) in [("Daily", "20200724"), ("Weekly", "2020W30")] {
        let text = format!(
            "{}{}=== aggregates/weekly.csv\nindicator,data_element,where,value\nconfirmed,Deaths,{{ classification == \"CLASS_CONFIRMED\" }},count\n{PLACES}",
            KIVUKO.replace("Africa/Nairobi", "UTC"),
            FLOW.replace("type: Weekly, date: reported", &format!("type: {kind}, date: dateOfReporting"))
        );
        let mut bench = Bench::of(&text);
        bench.frame.period_type = PeriodType::parse(kind).expect("a type");
        let bound = bench.bound();
        let mut parts = Vec::new();
        for day in ["2020-07-24T00:00:00.000Z", "2020-07-24T00:00:00.000Z", "2020-07-24T08:30:00.000Z"] {
            let record = json!({ "classification": "CLASS_CONFIRMED", "dateOfReporting": day, "place": "L-NORTH" });
            parts.extend(bench.count_bound(&bound, &record).parts);
        }
        let cells: BTreeSet<String> = parts.iter().map(|part| bound.cell(&part.cell).id()).collect();
        assert_eq!(cells, BTreeSet::from([format!("deaths.{period}.ou_north.coc-default.coc-default")]));
        let number = bench.own().indicators[0].number(parts.iter().map(|part| part.part)).expect("counts");
        assert_eq!(number.map(|number| number.to_string()).as_deref(), Some("3"));
    }
}
