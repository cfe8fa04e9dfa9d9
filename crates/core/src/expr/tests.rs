use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::transform::World;

fn record() -> Value {
    json!({
        "age": {"years": 4, "months": null},
        "name": "Amina Koné",
        "gender": "F",
        "active": true,
        "blank": "  ",
        "weight": 12.5,
        "age_text": "12",
        "symptoms": ["fever", "cough"],
        "addresses": [{"typeId": "USUAL", "city": "Bo"}, {"typeId": "OLD", "city": "Kono"}],
        "Date of birth": "1988-03-14",
        "group/question": "yes",
        "value": "a field",
        "parent": {"id": "field"},
        "empty_list": [],
    })
}

fn eval_with(text: &str, record: &Value, item: Option<&Value>, vars: &[(&str, &Value)]) -> Result<Value, Cause> {
    let world = World::new();
    let env = world.env();
    Expr::compile(text).unwrap_or_else(|error| panic!("`{text}`: {error}")).eval(&Scope { record, item, vars, env: &env })
}

fn check(text: &str, expected: &str) {
    let found = match eval_with(text, &record(), None, &[]) {
        Ok(value) => value.to_string(),
        Err(cause) => cause.to_string(),
    };
    assert_eq!(found, expected, "`{text}`");
}

fn check_failed(text: &str, part: &str) {
    let cause = eval_with(text, &record(), None, &[]).expect_err(text);
    assert!(cause.message.contains(part), "`{text}`: {cause}");
    assert!(!cause.message.contains("Amina") && !cause.message.contains("Koné"), "an error holds no value: {cause}");
}

fn check_error(text: &str, column: usize, message: &str, expected: &str) {
    let error = Expr::compile(text).expect_err(text);
    assert!(error.column == column && error.message.contains(message) && error.expected.contains(expected), "`{text}`: {error}");
}

#[test]
fn values() {
    check("age.years < 5 ? \"U5\" : \"5+\"", "\"U5\"");
    check("\"SN\"", "\"SN\"");
    check("active == true && gender in [\"F\", \"M\"]", "true");
    check("name + \"!\"", "\"Amina Koné!\"");
    check("weight * 2", "25.0");
    check("5 / 2", "2.5");
    check("6 / 2", "3");
    check("7 % 4 - -1", "4");
    check("addresses[1].city", "\"Kono\"");
    check("addresses[7].city", "null");
    check("path(\"addresses[typeId=USUAL].city\")", "\"Bo\"");
    check("path(\"addresses[].city\")", "[\"Bo\",\"Kono\"]");
    check("path(\"nothing[].city\")", "[]");
    check("path(\"Date of birth\")", "\"1988-03-14\"");
    check("record[\"Date of birth\"] < \"1990-01-01\"", "true");
    check("record.age.years", "4");
    check("path(\"group/question\") == \"yes\"", "true");
    check("value", "\"a field\"");
    check("{\"lat\": 1, \"city\": addresses[0].city}", "{\"city\":\"Bo\",\"lat\":1}");
    check("[age.years, 2]", "[4,2]");
    check("symptoms.exists(s, s == \"fever\") && !symptoms.all(s, s == \"fever\")", "true");
    check("addresses.filter(a, a.typeId == \"OLD\").map(a, a.city)", "[\"Kono\"]");
    check("addresses.exists(a, symptoms.exists(s, s == \"fever\" && a.city == \"Bo\"))", "true");
    check("addresses.exists_one(a, a.city == \"Bo\")", "true");
    check("addresses.map(a, addresses.map(b, a.city + b.city))", "[[\"BoBo\",\"BoKono\"],[\"KonoBo\",\"KonoKono\"]]");
    check("lower(name)", "\"amina koné\"");
    check("name.upper()", "\"AMINA KONÉ\"");
    check("date(\"5/1/2020\", \"dmy\")", "\"2020-01-05\"");
    check("age_years(record[\"Date of birth\"], \"2021-02-03\")", "32");
    check("codes(gender, \"sex\")", "\"GENDER_FEMALE\"");
    check("number(age_text) > 11", "true");
    check("join(symptoms, \", \")", "\"fever, cough\"");
    check("today() > \"2021-01-01\"", "true");
    check("name.contains(\"Kon\") && name.startsWith(\"A\") && size(name) == 10", "true");
    check("coalesce(blank, age.months, weight)", "12.5");
}

#[test]
fn empty_is_null() {
    check("blank", "null");
    check("age.months == null", "true");
    check("blank == null && missing == null && missing.deeper == null", "true");
    check("blank != null", "false");
    check("has(age.years) && !has(age.months) && !has(blank) && !has(missing.deeper) && !has(empty_list)", "true");
    check("blank == \"x\"", "false");
    check("blank in [\"x\"]", "false");
    check("lower(blank)", "null");
    check("number(missing)", "null");
    check("age_years(missing, \"2021-02-03\")", "null");
    check("has(age.months) && age.months > 3", "false");
    check("age.months > 3 && has(age.months)", "false");
    check("blank == addresses[0].nothing", "true");
    check_failed(
        "age.months > 3",
        "column 12: `>` wants two numbers or two texts (convert with number(), string() or date()), but `age.months` is empty and the constant is a number",
    );
    check_failed("name + blank", "`blank` is empty");
    check_failed("!blank", "`blank` is empty");
    check_failed("blank ? 1 : 2", "`blank` is empty");
    check_failed("blank && true", "`blank` is empty");
    check_failed("-missing", "`missing` is empty");
    check_failed("missing.exists(x, x)", "`missing` is empty");
    check_failed("size(blank)", "`blank` is empty");
    check_failed("missing / 2", "`missing` is empty");
}

#[test]
fn mixed_kinds_are_errors() {
    check_failed("age_text == 12", "`age_text` is a text");
    check_failed("age_text < 12", "`age_text` is a text");
    check_failed("active == \"true\"", "`active` is a truth value");
    check_failed("name + 1", "`name` is a text");
    check_failed("gender in [1, 2]", "`gender` is a text");
    check_failed("symptoms == \"fever\"", "`symptoms` is a list");
    check_failed("1 / 0", "by zero");
    check_failed("9223372036854775807 + 1", "too large");
    check_failed("name.contains(1)", "the constant is a number");
    check_failed("codes(name, \"sex\")", "not listed");
    check_failed("path(\"$.addresses[*].city\") + 1", "is a list");
    assert_eq!(eval_with("date(name)", &record(), None, &[]).expect_err("no date").code, crate::catalogue::record::BAD_DATE);
}

#[test]
fn items_and_named_values() {
    let (record, item, parent) = (record(), json!({"result": "POS", "tests": [{"n": 1}], "x": ""}), json!({"id": "P-1"}));
    let check = |text: &str, expected: &str| {
        let found =
            eval_with(text, &record, Some(&item), &[("parent", &parent)]).map_or_else(|cause| cause.to_string(), |value| value.to_string());
        assert_eq!(found, expected, "`{text}`");
    };
    check("item.result != null", "true");
    check("item.x != null", "false");
    check("item.tests[0].n + age.years", "5");
    check("parent.id", "\"P-1\"");
    check("parent.missing", "null");
    check("record.parent.id", "\"field\"");
    check("item.tests.exists(t, t.n == 1 && item.result == \"POS\")", "true");
    assert!(eval_with("item.result", &record, None, &[]).expect_err("no item").message.contains("no item"));
    assert_eq!(eval_with("parent.id", &record, None, &[]), Ok(json!("field")));
}

#[test]
fn truth() {
    let world = World::new();
    let env = world.env();
    let record = record();
    let truth = |text: &str| Expr::compile(text).expect(text).truth(&Scope { record: &record, item: None, vars: &[], env: &env });
    assert_eq!(truth("active"), Ok(true));
    assert_eq!(truth("missing"), Ok(false));
    assert_eq!(truth("age.years > 4"), Ok(false));
    assert!(truth("name").expect_err("a text").message.contains("gives a text"));
}

#[test]
fn paths_that_an_expression_reads() {
    let names = |text: &str| {
        let expr = Expr::compile(text).expect(text);
        let texts = |paths: &[SourcePath]| paths.iter().map(|path| path.text().to_owned()).collect::<Vec<_>>().join(" ");
        (texts(expr.paths()), texts(expr.item_paths()))
    };
    assert_eq!(names("a.b < 5 && has(c) && a.b > 1"), ("a.b c".to_owned(), String::new()));
    assert_eq!(names("item.x == y[2].z && item.q.r"), ("y[2].z".to_owned(), "x q.r".to_owned()));
    assert_eq!(names("list.exists(v, v.code == limit)"), ("list limit".to_owned(), String::new()));
    assert_eq!(names("record['a b'].c + path('d e')"), ("['a b'].c d e".to_owned(), String::new()));
    assert_eq!(names("a[b].c"), ("a b".to_owned(), String::new()));
    assert!(Expr::compile("item == 1").expect("it compiles").reads_whole_item());
    assert_eq!(Expr::compile("ref('contacts', id)").expect("it compiles").references(), ["contacts"]);
    assert_eq!(Expr::compile("codes(a, 'sex')").expect("it compiles").code_maps(), ["sex"]);
    let stage = Expr::compile_stage("value.a + b").expect("it compiles");
    assert!(stage.reads_value() && stage.paths().len() == 1);
}

#[test]
fn what_is_wrong_with_an_expression_is_said_with_its_column() {
    check_error("", 1, "empty", "an expression");
    check_error("a <", 4, "ends too early", "an expression");
    check_error("a = 5", 3, "`=` cannot stand here", "`==`");
    check_error("\"é\" == ü", 8, "cannot stand here", "an expression");
    check_error("\"éé\" == frob(b)", 9, "not a function", "");
    check_error("a && frobnicate(b)", 6, "`frobnicate` is not a function", "kivuko transforms");
    check_error("uper(a)", 1, "not a function", "`upper`");
    check_error("date(a, b)", 9, "must be a constant", "date(x");
    check_error("age_years(a)", 1, "wants 2 values", "age_years(x, y");
    check_error("cut(a)", 1, "lacks `n`", "cut(n)");
    check_error("record", 1, "whole record", "record[");
    check_error("a.exists(1, true)", 10, "name of a variable", "exists(x");
    check_error("b'x'", 1, "bytes", "text");
    check_error("path(\"a[\")", 1, "", "");
    check_error("size()", 1, "does not take 0", "size(x)");
}

#[test]
fn the_examples_of_the_functions_are_true() {
    let world = World::new();
    let env = world.env();
    let record = json!({"Date of birth": "1990-02-11"});
    for function in FUNCTIONS {
        let (text, expected) = function.example;
        let expr = Expr::compile_stage(text).unwrap_or_else(|error| panic!("`{text}`: {error}"));
        let value = expr.eval_value(&Scope { record: &record, item: None, vars: &[], env: &env }, Some(&json!("x")));
        assert_eq!(value.map(|value| value.to_string()), Ok(expected.to_owned()), "`{text}`");
    }
}

/// Expressions without null, mixed kinds and division, where we mean to be CEL to the letter.
fn plain_expression() -> impl Strategy<Value = String> {
    let number = prop_oneof![(-50i64..50).prop_map(|n| n.to_string()), Just("a".to_owned()), Just("o.b".to_owned())];
    let number = number.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["+", "-", "*", "%"]), inner.clone()).prop_map(|(l, o, r)| format!("({l} {o} {r})")),
            (inner.clone(), prop::sample::select(vec!["+", "-", "*"]), inner.clone()).prop_map(|(l, o, r)| format!("{l} {o} {r}")),
            inner.prop_map(|n| format!("-({n})")),
        ]
    });
    let truth = prop_oneof![
        (number.clone(), prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]), number.clone())
            .prop_map(|(l, o, r)| format!("{l} {o} {r}")),
        (number.clone(), number.clone(), number.clone()).prop_map(|(a, b, c)| format!("{a} in [{b}, {c}]")),
        Just("t".to_owned()),
        (number.clone(), prop::sample::select(vec!["exists", "all", "exists_one"])).prop_map(|(n, f)| format!("l.{f}(x, x > {n})")),
    ];
    let truth = truth.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["&&", "||"]), inner.clone()).prop_map(|(l, o, r)| format!("{l} {o} {r}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.prop_map(|t| format!("!({t})")),
        ]
    });
    (truth, number).prop_flat_map(|(t, n)| {
        prop::sample::select(vec![t.clone(), format!("{t} ? {n} : 0"), format!("l.filter(x, {t}).map(x, x + {n})")])
    })
}

proptest! {
    #[test]
    fn where_cel_has_an_answer_it_is_ours(text in plain_expression()) {
        let record = json!({"a": 7, "o": {"b": -3}, "t": true, "l": [1, 2, 3]});
        let program = cel::Program::compile(&text).expect("it is CEL");
        let mut context = cel::Context::default();
        // Bound one by one: as JSON, whole numbers that are not negative would become the unsigned kind of CEL.
        context.add_variable_from_value("a", 7i64);
        context.add_variable_from_value("o", std::collections::HashMap::from([("b", -3i64)]));
        context.add_variable_from_value("t", true);
        context.add_variable_from_value("l", vec![1i64, 2, 3]);
        let theirs = program.execute(&context);
        let ours = eval_with(&text, &record, None, &[]);
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => {
                let theirs = match theirs {
                    cel::Value::List(items) => items.iter().map(plain).collect(),
                    other => plain(&other),
                };
                prop_assert_eq!(theirs, ours, "{}", text);
            }
            (Err(_), Err(_)) => {}
            (theirs, ours) => prop_assert!(false, "{}: {:?} and {:?}", text, theirs, ours),
        }
    }

    #[test]
    fn no_text_breaks_the_compiler(text in "[a-z0-9 .()\\[\\]{}\"'&|<>=!?:+*/%,-]{0,24}") {
        if let Err(error) = Expr::compile(&text) {
            prop_assert!(error.column >= 1 && !error.message.is_empty() && !error.expected.is_empty(), "{}: {:?}", text, error);
        }
    }

    #[test]
    fn empty_is_the_same_in_every_form(operator in prop::sample::select(vec!["<", ">=", "+", "-", "==", "!=", "in", "&&", "?"])) {
        let text = match operator {
            "?" => "p ? 1 : 2".to_owned(),
            "in" => "p in [1]".to_owned(),
            "&&" => "p && true".to_owned(),
            operator => format!("p {operator} 1"),
        };
        let outcomes: Vec<_> = [json!({}), json!({"p": null}), json!({"p": ""}), json!({"p": " \t"}), json!({"p": []}), json!({"p": {"q": ""}})]
            .iter()
            .map(|record| eval_with(&text, record, None, &[]))
            .collect();
        prop_assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "{}: {:?}", text, outcomes);
    }
}

fn plain(value: &cel::Value) -> Value {
    match value {
        cel::Value::Int(number) => json!(number),
        cel::Value::Bool(truth) => json!(truth),
        other => panic!("only numbers and truth values come out of these expressions, not {other:?}"),
    }
}
