//! Whatever the order, the split and the history of the records: the cells are those of a recount.

use proptest::prelude::*;

use super::*;

const SHEET: &str = "indicator,data_element,each,value,by
cases,Cases,,count,\"sex: sex; age: years(0-4,5-14,15+)\"
tests,Tests,labs[],sum(item.n),
average,Rate,,avg(n),
least,,,min(n),
people,,labs[],distinct(item.person),
use,Deaths,,{ cases + tests + average + least + people },
";

fn any_record() -> impl Strategy<Value = Value> {
    let place = prop::sample::select(vec!["L-NORTH", "L-SOUTH", "L-VILLAGE", "L-CAPITAL", "nowhere", ""]);
    let sex = prop::sample::select(vec!["F", "Male", "Unknown", "", "X"]);
    let day = prop::sample::select(vec!["2024-03-04", "2024-03-05T00:00:00.000Z", "2024-03-11", "", "soon"]);
    let lab = (0..4i64, prop::sample::select(vec!["a", "b", ""])).prop_map(|(n, person)| json!({ "n": n, "person": person }));
    (place, sex, day, 0..30u32, prop::option::of(-5..50i64), prop::collection::vec(lab, 0..3)).prop_map(|(place, sex, day, years, n, labs)| {
        json!({ "place": place, "sex": sex, "reported": day, "years": years, "n": n.map(|n| n as f64 / 4.0), "labs": labs })
    })
}

/// The numbers of all cells.
fn numbers(own: &Aggregate, counted: &[Counted]) -> BTreeMap<Dimensions, String> {
    let mut cells: BTreeMap<Dimensions, Vec<Part>> = BTreeMap::new();
    for contribution in counted.iter().flat_map(|counted| &counted.parts) {
        cells.entry(contribution.cell).or_default().push(contribution.part);
    }
    let number =
        |cell: &Dimensions, parts: Vec<Part>| own.indicators[cell.indicator as usize].number(parts).expect("the parts are of its kind");
    cells.into_iter().filter_map(|(cell, parts)| Some((cell, number(&cell, parts)?.to_string()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_and_split_gives_the_same_cells(
        records in prop::collection::vec(any_record(), 0..12),
        at in 0..12usize,
        seed in any::<u64>(),
    ) {
        let bench = Bench::new(SHEET);
        let bound = bench.bound();
        let whole: Vec<Counted> = records.iter().map(|record| bench.count_bound(&bound, record)).collect();
        // Another bound has seen nothing yet, and the second part is counted before the first, backwards.
        let again = bench.bound();
        let at = at.min(records.len());
        let (first, second) = records.split_at(at);
        let mut turned: Vec<Counted> = second.iter().chain(first).rev().map(|record| bench.count_bound(&again, record)).collect();
        let turns = usize::try_from(seed).unwrap_or(0) % turned.len().max(1);
        turned.rotate_left(turns);
        prop_assert_eq!(numbers(bench.own(), &whole), numbers(bench.own(), &turned));
    }

    #[test]
    fn a_record_that_is_taken_back_leaves_what_was_there_before(
        before in prop::collection::vec(any_record(), 0..8),
        changed in any_record(),
        change in any_record(),
    ) {
        let bench = Bench::new(SHEET);
        let bound = bench.bound();
        let start: Vec<Counted> = before.iter().map(|record| bench.count_bound(&bound, record)).collect();
        let mut kept = start.clone();
        kept.push(bench.count_bound(&bound, &changed));
        // Changed: what it counted for is replaced whole.
        *kept.last_mut().expect("one was pushed") = bench.count_bound(&bound, &change);
        let recount: Vec<Counted> = before.iter().chain([&change]).map(|record| bench.count_bound(&bench.bound(), record)).collect();
        prop_assert_eq!(numbers(bench.own(), &kept), numbers(bench.own(), &recount));
        kept.pop();
        prop_assert_eq!(numbers(bench.own(), &kept), numbers(bench.own(), &start));
    }

    #[test]
    fn a_record_counts_for_an_indicator_or_says_why_not(record in any_record()) {
        let bench = Bench::new(SHEET);
        let counted = bench.count(&record);
        prop_assert_eq!(&counted, &bench.count(&record));
        let refused: BTreeSet<u32> = counted.causes.iter().map(|(indicator, _)| *indicator).collect();
        prop_assert!(counted.parts.iter().all(|part| !refused.contains(&part.cell.indicator)), "{:?}", counted);
        let counts = counted.parts.iter().any(|part| part.cell.indicator == 0);
        prop_assert!(counts != refused.contains(&0), "a case is counted or refused: {:?}", counted);
    }
}
