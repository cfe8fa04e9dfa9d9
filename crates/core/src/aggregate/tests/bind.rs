//! Sheets held against the data set.

use std::fmt::Write;

use super::*;

fn causes(bench: &Bench) -> String {
    let Err(causes) = bench.bind() else { return "fits\n".to_owned() };
    causes.iter().fold(String::new(), |mut out, cause| {
        writeln!(out, "{} {}: {}", cause.code, cause.cell.as_deref().unwrap_or("-"), cause.message).expect("a String takes everything");
        out
    })
}

#[test]
fn what_does_not_fit_the_data_set() {
    let header = "indicator,data_element,where,value,by,category_option_combo,attribute_option_combo\n";
    let cases = [
        ("fits: by id", "a,cases,,count,\"sex: sex; age: age.years(0-4,5-14,15+)\",,\n"),
        ("fits: by code and name, in any order", "a,CASES_CODE,,count,\"Age: age(0-4,5-14,15+); CAT-SEX: sex | codes(sex)\",,\n"),
        (
            "fits: fixed combinations",
            "a,Cases,,count,,\"0-4, Female\",default\nb,Cases,,count,,coc-f-a5,\nc,Cases,,count,,\"Male, Under five\",\n",
        ),
        ("an unknown element", "a,Case,,count,,,\n"),
        ("an element of another data set", "a,Beds,,count,,,\n"),
        ("a name of two elements", "a,Twice,,count,,,\n"),
        ("an element that takes no numbers", "a,Closed,,count,,,\n"),
        ("no categories where there are some", "a,Cases,,count,,,\n"),
        ("categories where there are none", "a,Deaths,,count,sex: sex,,\n"),
        ("a category is missing", "a,Cases,,count,sex: sex,,\n"),
        ("an unknown category", "a,Cases,,count,\"sex: sex; ages: age(0-4,5-14,15+)\",,\n"),
        ("a band that is no option", "a,Cases,,count,\"sex: sex; age: age(0-4,5-9,10+)\",,\n"),
        ("a constant that is no option", "a,Doses,,count,\"sex: { \"\"X\"\" }\",,\n"),
        ("a code map of something else", "a,Doses,,count,sex: sex | codes(places),,\n"),
        ("an unknown combination", "a,Cases,,count,,\"Female, 5-9\",\n"),
        ("an unknown attribute combination", "a,Deaths,,count,,,First\n"),
        ("the same value twice", "a,Deaths,,count,,,\nb,deaths,,sum(n),,,\n"),
        ("perhaps the same value", "a,Doses,,count,sex: sex,,\nb,Doses,,count,,Male,\n"),
        ("never the same value", "a,Doses,,count,\"sex: { \"\"F\"\" }\",,\nb,Doses,,count,,Male,\n"),
        ("a formula by more than its input", "a,Deaths,,count,,,\nb,Rate by sex,,{ a / 2 },sex,,\n"),
        ("a formula by less than its inputs", "a,Cases,,count,\"sex: sex; age: age(0-4,5-14,15+)\",,\nb,Rate by sex,,{ a / 2 },sex,,\n"),
        ("an input by categories of the data set", "a,,,count,\"age: age(0-4,5-14,15+)\",,\nb,Rate,,{ a / 2 },,,\n"),
        ("several at once", "a,Case,,count,,,\nb,Cases,,count,,,\nc,Closed,,count,,,\n"),
    ];
    let found: Vec<String> =
        cases.iter().map(|(what, rows)| format!("# {what}\n{}\n", causes(&Bench::new(&format!("{header}{rows}"))))).collect();
    insta::assert_snapshot!(found.concat());
}

/// The nearest name is looked for only for the rows that are shown: for all of them this would take minutes.
#[test]
fn of_many_org_units_that_are_not_there_the_first_rows_are_told() {
    let sheet = "=== aggregates/weekly.csv\nindicator,data_element,value\ndeaths,Deaths,count\n";
    let codes = (0..5_000).rev().map(|ward| format!("L-{ward},Ward {ward:04}\n")).collect::<Vec<_>>().concat();
    let mut bench = Bench::of(&format!("{KIVUKO}{FLOW}{sheet}=== codes/places.csv\ngodata,hmis\n{codes}"));
    let mut units = bench.frame.units.all().to_vec();
    let ward = |ward: usize| Unit { named: Named::new(format!("w{ward}"), None, format!("Ward {ward:04} old")), ..units[1].clone() };
    let wards: Vec<Unit> = (0..5_000).map(ward).collect();
    units.extend(wards);
    bench.frame.units = Units::new(units);
    let told = causes(&bench);
    let told = told.split_once("says: ").expect("it is told").1;
    let shown: Vec<&str> = told.trim().split(", ").collect();
    assert_eq!(shown.len(), 6, "{told}");
    assert_eq!(shown[0], "`Ward 4999` in row 2 (the nearest is `Ward 4999 old`)");
    assert_eq!(shown[5], "4995 others");
}

#[test]
fn what_does_not_fit_beside_the_sheet() {
    let sheet = "indicator,data_element,value\ndeaths,Deaths,count\n";
    let check = |what: &str, change: &dyn Fn(&mut Bench), expected: &[&str]| {
        let mut bench = Bench::new(sheet);
        change(&mut bench);
        let found: Vec<String> = bench.bind().map_or_else(|causes| causes.iter().map(ToString::to_string).collect(), |_| Vec::new());
        assert_eq!(found, expected, "{what}");
    };
    check("nothing", &|_| {}, &[]);
    check(
        "periods",
        &|bench| bench.frame.period_type = PeriodType::Monthly,
        &["K1110: the flow counts into periods of type Weekly, the data set `Weekly summary` takes Monthly"],
    );
    check(
        "levels",
        &|bench| bench.frame.units = Units::new(vec![bench.frame.units.all()[0].clone()]),
        &[
            "K1116: the org units that can be seen have 1 levels, and level 2 is wanted",
            "K1117: the target has no org unit, or several, for what codes/places.csv says: `OU_NORTH` in row 2, `South District` in row 3, `Clinic One` in row 4",
        ],
    );
    check(
        "names that are nearly those of the crosswalk, and names that are there twice",
        &|bench| {
            let mut units = bench.frame.units.all().to_vec();
            for unit in &mut units {
                match unit.named.name.as_str() {
                    "Clinic One" => unit.named.name = "Clinic Ono".to_owned(),
                    name if name.contains("North") => unit.named.name = "South District".to_owned(),
                    _ => {}
                }
            }
            bench.frame.units = Units::new(units);
        },
        &[
            "K1117: the target has no org unit, or several, for what codes/places.csv says: `South District` in row 3 (2 org units are called so), `Clinic One` in row 4 (the nearest is `Clinic Ono`)",
        ],
    );
    check(
        "attributes",
        &|bench| bench.frame.attribute_combo = "combo-partner".to_owned(),
        &["K1113: nothing says which option of `Partner` a number is for (field deaths)"],
    );
    check(
        "a combination that cannot be seen",
        &|bench| bench.frame.elements[1].combo = "gone".to_owned(),
        &["K1113: the target does not say what its category combination `gone` is: its account may not see it (field deaths)"],
    );
}

#[test]
fn attributes_may_be_fixed_or_decided_by_the_record() {
    for (attributes, expected) in [("Second", vec!["coc-p2"]), ("partner: funder", vec!["coc-p1"])] {
        let mut bench = Bench::new(&format!("indicator,data_element,value,attribute_option_combo\ndeaths,Deaths,count,{attributes}\n"));
        bench.frame.attribute_combo = "combo-partner".to_owned();
        let bound = bench.bound();
        let record = json!({ "reported": "2024-03-04", "place": "L-NORTH", "funder": "P1" });
        let parts = bench.count_bound(&bound, &record).parts;
        let found: Vec<String> = parts.iter().map(|part| bound.cell(&part.cell).attribute_option_combo).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn zeros_are_for_what_the_sheet_can_reach() {
    let sheet = "indicator,data_element,value,by,category_option_combo
deaths,Deaths,count,,
tests,Tests,count,,
oldest,Rate,max(age.years),,
female,Doses,sum(doses),\"sex: { \"\"F\"\" }\",
infants,Cases,count,,\"Female, 0-4\"
rest,Cases,count,,\"Male, 0-4\"
";
    let zeros = |bench: &Bench| -> Vec<String> {
        let bound = bench.bound();
        let periods = [Period::parse("2024W10").expect("a period")];
        let found = bound.zeros(&periods).map(|cell| {
            let cell = bound.cell(&cell);
            format!("{} {} {}", cell.indicator, cell.org_unit, cell.option_combo)
        });
        found.collect()
    };
    let mut bench = Bench::new(sheet);
    let all = [
        "deaths ou_north coc-default",
        "deaths ou_south coc-default",
        "female ou_north coc-f",
        "female ou_south coc-f",
        "infants ou_north coc-f-a0",
        "infants ou_south coc-f-a0",
        "rest ou_north coc-m-a0",
        "rest ou_south coc-m-a0",
    ];
    assert_eq!(zeros(&bench), all);

    // A unit that was closed before the period has no data in it.
    let mut units = bench.frame.units.all().to_vec();
    for unit in units.iter_mut().filter(|unit| unit.named.id == "ou_south") {
        unit.closed = Some(date(2024, 3, 1));
    }
    bench.frame.units = Units::new(units);
    assert!(zeros(&bench).iter().all(|cell| cell.contains("ou_north")));

    // Without a crosswalk every org unit of the data set at the level can be reached.
    let text =
        |flow: String| format!("{KIVUKO}{flow}=== aggregates/weekly.csv\nindicator,data_element,value\ndeaths,Deaths,count\n{PLACES}");
    let straight = Bench::of(&text(FLOW.replace(", crosswalk: places, level: 2", "")));
    assert_eq!(zeros(&straight), ["deaths ou_north coc-default", "deaths clinic1 coc-default", "deaths ou_south coc-default"]);
    let none = Bench::of(&text(FLOW.replace("zeros: report", "zeros: omit")));
    assert_eq!(zeros(&none), Vec::<String>::new());
}
