//! Formulas: what they are made of, what they give, and which cells belong together.

use super::*;
use crate::cells::Cell;

const SHEET: &str = "indicator,data_element,value,by
cases,Cases,count,\"sex: sex; age: age(0-4,5-14,15+)\"
died,,count,\"sex: sex\"
rate,Rate,{ died / cases * 100 },
rate_sex,Rate by sex,{ died / cases * 100 },sex
double,,{ rate * 2 },
";

fn amount(number: Option<f64>) -> Option<Amount> {
    number.map(|number| Amount::of_float(number).expect("a number"))
}

#[test]
fn what_a_formula_gives() {
    let check = |formula: &str, numbers: &[Option<f64>], expected: Option<&str>| {
        let bench = Bench::new(&format!("indicator,data_element,value\na,,count\nb,,count\nf,Rate,{formula}\n"));
        let bound = bench.bound();
        let inputs: Vec<Option<Amount>> = numbers.iter().map(|number| amount(*number)).collect();
        let found = bound.evaluate(2, &inputs).expect(formula).map(|number| number.to_string());
        assert_eq!(found.as_deref(), expected, "{formula} of {numbers:?}");
    };
    check("{ a / b * 100 }", &[Some(1.0), Some(3.0)], Some("33.3333333333"));
    check("{ a / b * 100 }", &[Some(1.0), Some(4.0)], Some("25"));
    check("{ a / b * 100 }", &[Some(0.0), Some(4.0)], Some("0"));
    check("{ a / b * 100 }", &[Some(1.0), Some(0.0)], None);
    check("{ a / b * 100 }", &[Some(1.0), None], None);
    check("{ a + b }", &[None, Some(1.0)], None);
    // What is guarded need not be there.
    check("{ (has(a) ? a : 0) + b }", &[None, Some(1.0)], Some("1"));
    check("{ b == 0 ? 0 : a / b }", &[Some(1.0), Some(0.0)], Some("0"));
    check("{ a - b }", &[Some(0.1), Some(0.3)], Some("-0.2"));
    check("{ a * b }", &[Some(3.0), Some(0.5)], Some("1.5"));
    check("{ null == a ? null : b }", &[None, Some(1.0)], None);
}

#[test]
fn a_formula_that_gives_no_number_names_its_cell() {
    let bench = Bench::new("indicator,data_element,value\na,,count\nf,Rate,{ a > 1 }\ng,,{ a + 'x' }\nh,,{ f + g }\n");
    let bound = bench.bound();
    for (position, code, name) in [(1, "K1137", "f"), (2, "K0309", "g")] {
        let cause = bound.evaluate(position, &[amount(Some(1.0))]).expect_err(name);
        assert_eq!((cause.code.to_string().as_str(), cause.field.as_deref()), (code, Some(name)));
        assert_eq!(cause.cell, Some(format!("aggregates/weekly.csv, row {}, column value", position + 2)));
    }
    assert_eq!(bound.formulas().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn formulas_come_after_what_they_need() {
    let bench = Bench::new("indicator,data_element,value\nlast,Rate,{ middle + first }\nmiddle,,{ first * 2 }\nfirst,,count\n");
    let bound = bench.bound();
    assert_eq!(bound.formulas().collect::<Vec<_>>(), [1, 0]);
    let inputs: Vec<String> = bound.inputs(0).iter().map(ToString::to_string).collect();
    assert_eq!(inputs, ["middle", "first"]);
}

#[test]
fn the_cells_behind_a_formula_and_the_formulas_before_a_cell() {
    let bench = Bench::new(SHEET);
    let bound = bench.bound();
    let ids = |cells: Vec<Dimensions>| -> Vec<String> {
        cells
            .iter()
            .map(|cell| bound.cell(cell))
            .map(|cell| format!("{} {} {}", cell.indicator, cell.org_unit, cell.option_combo))
            .collect()
    };
    let cell = |indicator: &str, element: &str, option_combo: &str| {
        let cell = Cell {
            indicator: indicator.to_owned(),
            element: element.to_owned(),
            period: "2024W10".to_owned(),
            org_unit: "ou_north".to_owned(),
            option_combo: option_combo.to_owned(),
            attribute_option_combo: "coc-default".to_owned(),
        };
        bound.dimensions(&cell).expect("a cell")
    };
    let rate_sex = cell("rate_sex", "rate-sex", "coc-f");
    assert_eq!(ids(bound.behind(0, &bound, &rate_sex)), ["cases ou_north coc-f-a0", "cases ou_north coc-f-a5", "cases ou_north coc-f-a15"]);
    assert_eq!(ids(bound.behind(1, &bound, &rate_sex)), ["died ou_north (f)"]);
    assert_eq!(bound.behind(0, &bound, &cell("rate", "rate", "coc-default")).len(), 8, "all but the one that is not made");
    assert_eq!(ids(bound.behind(2, &bound, &cell("double", "", "()"))), ["rate ou_north coc-default"]);

    let cases = cell("cases", "cases", "coc-m-a5");
    assert_eq!(ids(bound.touched(3, &bound, &cases)), ["rate_sex ou_north coc-m"]);
    assert_eq!(ids(bound.touched(2, &bound, &cases)), ["rate ou_north coc-default"]);
    assert_eq!(ids(bound.touched(4, &bound, &cell("rate", "rate", "coc-default"))), ["double ou_north ()"]);
}
