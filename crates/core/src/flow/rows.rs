//! Rows that are put together to one record: which group a row belongs to, and where it stands in it.
//!
//! The order is total and does not depend on chance: numbers before texts before nothing, equal ones in the order of the source. A value that looks like
//! a day written day first is refused, since it would sort wrongly and nobody would notice.

use std::cmp::Ordering;

use serde_json::Value;

use super::spec::FromSpec;
use crate::catalogue::run as codes;
use crate::error::Cause;
use crate::expr::{Expr, Scope};
use crate::path::SourcePath;
use crate::projection::Projection;
use crate::transform::Env;
use crate::value;

/// The member of a group that holds its rows.
pub const ROWS: &str = "rows";

/// How rows become groups: `group` and `order` of a flow's `from`.
#[derive(Debug)]
pub struct Rows {
    /// The path of the value that rows have in common.
    pub group: SourcePath,
    order: Option<Order>,
    projection: Projection,
}

/// What says the order of the rows of a group.
#[derive(Debug)]
pub(crate) enum Order {
    Path(SourcePath),
    Expr(Box<Expr>),
}

/// Where a row stands in its group.
#[derive(Debug, Clone, PartialEq)]
pub enum Rank {
    /// A number, or a text that is one.
    Number(f64),
    /// Any other text; days and times as `2026-01-31` sort as they should.
    Text(String),
    /// The row does not say it, or the flow has no `order`.
    Last,
}

impl Eq for Rank {}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => one.total_cmp(two),
            (Self::Text(one), Self::Text(two)) => one.cmp(two),
            (Self::Number(_), _) | (Self::Text(_), Self::Last) => Ordering::Less,
            (_, Self::Number(_)) | (Self::Last, Self::Text(_)) => Ordering::Greater,
            (Self::Last, Self::Last) => Ordering::Equal,
        }
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Rows {
    pub(super) fn new(group: SourcePath, order: Option<Order>) -> Self {
        let mut paths = vec![group.clone()];
        match &order {
            None => {}
            Some(Order::Path(path)) => paths.push(path.clone()),
            Some(Order::Expr(expr)) => paths.extend(expr.paths().iter().cloned()),
        }
        Self { group, order, projection: Projection::new(&paths) }
    }

    /// The code maps that the order is told with.
    pub(super) fn code_maps(&self) -> &[String] {
        match &self.order {
            Some(Order::Expr(expr)) => expr.code_maps(),
            _ => &[],
        }
    }

    /// The paths of a row that are read to group it.
    fn row_paths(&self) -> Vec<String> {
        let mut paths = vec![self.group.text().to_owned()];
        match &self.order {
            None => {}
            Some(Order::Path(path)) => paths.push(path.text().to_owned()),
            Some(Order::Expr(expr)) => paths.extend(expr.paths().iter().map(|path| path.text().to_owned())),
        }
        paths
    }

    /// What a flow reads of a row, out of what it reads of a group; none at all means the whole row.
    pub fn of_rows(&self, paths: &[String], id: Option<&str>) -> Vec<String> {
        let mut found = self.row_paths();
        found.extend(id.map(str::to_owned));
        for path in paths.iter().filter(|path| *path != self.group.text()) {
            match inside(path) {
                // The whole row.
                Some("") => return Vec::new(),
                Some(inner) => found.push(inner.to_owned()),
                None => found.push(path.clone()),
            }
        }
        if paths.is_empty() {
            return Vec::new();
        }
        found.sort();
        found.dedup();
        found
    }

    /// The path in a row, of one that reads a group or an item of its `rows[]`. `None`: it reads no row.
    pub fn in_row<'p>(&self, path: &'p str) -> Option<&'p str> {
        if path == self.group.text() {
            Some(path)
        } else {
            inside(path).or_else(|| path.strip_prefix("item.")).filter(|inner| !inner.is_empty())
        }
    }

    /// Whether a path reads something that a group has: its rows, or the value that they have in common.
    pub(super) fn has(&self, path: &SourcePath) -> bool {
        path.text() == self.group.text() || path.top() == Some(ROWS) || path.top().is_none()
    }

    /// The value of the group that a row belongs to (`None`: of none), and where it stands in it.
    ///
    /// # Errors
    /// The row cannot be read, or its order cannot be told; then the group is that of the error, if it is known.
    pub fn place(&self, raw: &[u8], env: &Env<'_>) -> Result<(Option<String>, Rank), (Option<String>, Cause)> {
        let row = self.projection.project(raw).map_err(|cause| (None, cause))?;
        let group = self.group.one(&row).and_then(value::text).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let rank = match &self.order {
            None => Ok(Rank::Last),
            Some(Order::Path(path)) => rank(path.one(&row)),
            Some(Order::Expr(expr)) => expr.eval(&Scope { record: &row, item: None, vars: &[], env }).and_then(|found| rank(Some(&found))),
        };
        match rank {
            Ok(rank) => Ok((group, rank)),
            Err(cause) => Err((group, cause)),
        }
    }
}

/// Of a path that leads into the rows of a group: the path inside of a row; empty for all of it.
fn inside(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(ROWS)?;
    if rest.is_empty() {
        return Some(rest);
    }
    let (_, rest) = rest.strip_prefix('[')?.split_once(']')?;
    Some(rest.strip_prefix('.').unwrap_or(rest))
}

fn rank(found: Option<&Value>) -> Result<Rank, Cause> {
    let Some(found) = found.filter(|found| !value::is_empty(found)) else { return Ok(Rank::Last) };
    let Some(text) = value::text(found) else {
        return Err(Cause::new(
            codes::ORDER_UNCLEAR,
            format!("the order of a row is {}, where a number, a text or a day is wanted", value::kind(found)),
        ));
    };
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return Ok(Rank::Number(number));
    }
    if is_day_first(text) {
        let message = "the order of a row is a day that does not begin with its year, which sorts wrongly; make a day of it with an expression under `order`";
        return Err(Cause::new(codes::ORDER_UNCLEAR, message));
    }
    Ok(Rank::Text(text.to_owned()))
}

/// `3/2/2026`, `03.02.26`, `03-02-2026 10:00`.
fn is_day_first(text: &str) -> bool {
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['/', '.', '-']).collect();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(|part| digits(part)) && parts[0].len() <= 2
}

/// The `order` as it was written: an expression in braces, or a path.
pub(super) fn is_expression(spec: &FromSpec) -> bool {
    spec.order.as_deref().is_some_and(|order| order.trim_start().starts_with('{'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rows(order: Option<&str>) -> Rows {
        let path = |text: &str| SourcePath::parse(text).expect("it is a path");
        let order = order.map(|text| match text.strip_prefix('{') {
            Some(inner) => Order::Expr(Box::new(Expr::compile(inner.trim_end_matches('}')).expect("it is an expression"))),
            None => Order::Path(path(text)),
        });
        Rows::new(path("patient"), order)
    }

    fn check(order: Option<&str>, row: &Value, group: Option<&str>, expected: Result<Rank, &str>) {
        let world = crate::transform::World::new();
        let found = rows(order).place(row.to_string().as_bytes(), &world.env());
        let (found_group, found) = match found {
            Ok((group, rank)) => (group, Ok(rank)),
            Err((group, cause)) => (group, Err(cause.code.to_string())),
        };
        assert_eq!(found_group.as_deref(), group, "{row}");
        assert_eq!(found, expected.map_err(str::to_owned), "{row}");
    }

    #[test]
    fn rows_are_placed_by_their_values() {
        let text = |text: &str| Ok(Rank::Text(text.to_owned()));
        check(Some("day"), &json!({"patient": " P-1 ", "day": "2026-03-02"}), Some("P-1"), text("2026-03-02"));
        check(Some("day"), &json!({"patient": 17, "day": "12"}), Some("17"), Ok(Rank::Number(12.0)));
        check(Some("day"), &json!({"patient": "P-1", "day": null}), Some("P-1"), Ok(Rank::Last));
        check(None, &json!({"patient": "P-1", "day": "03/02/2026"}), Some("P-1"), Ok(Rank::Last));
        check(Some("day"), &json!({"patient": "", "day": 1}), None, Ok(Rank::Number(1.0)));
        check(Some("day"), &json!({"patient": "P-1", "day": "03/02/2026"}), Some("P-1"), Err("K0921"));
        check(Some("day"), &json!({"patient": "P-1", "day": "3.2.26 10:00"}), Some("P-1"), Err("K0921"));
        check(Some("day"), &json!({"patient": "P-1", "day": [1]}), Some("P-1"), Err("K0921"));
        check(Some("{ date(day, \"dd/MM/yyyy\") }"), &json!({"patient": "P-1", "day": "03/02/2026"}), Some("P-1"), text("2026-02-03"));
        check(Some("{ date(day, \"dd/MM/yyyy\") }"), &json!({"patient": "P-1", "day": "soon"}), Some("P-1"), Err("K0304"));
    }

    #[test]
    fn what_is_read_of_a_group_is_known_of_its_rows() {
        let check = |paths: &[&str], expected: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            assert_eq!(rows(Some("day")).of_rows(&paths, Some("row_id")), expected);
        };
        check(
            &["patient", "rows[].result", "rows[0].sex", "rows[].tests[].code"],
            &["day", "patient", "result", "row_id", "sex", "tests[].code"],
        );
        check(&["patient", "rows[]"], &[]);
        check(&["rows"], &[]);
        check(&[], &[]);
    }

    fn any_rank() -> impl Strategy<Value = Rank> {
        prop_oneof![any::<f64>().prop_map(Rank::Number), "[a-c]{0,2}".prop_map(Rank::Text), Just(Rank::Last)]
    }

    proptest! {
        #[test]
        fn the_order_is_total(one in any_rank(), two in any_rank(), three in any_rank()) {
            prop_assert_eq!(one.cmp(&two), two.cmp(&one).reverse());
            if one <= two && two <= three {
                prop_assert!(one <= three);
            }
            prop_assert_eq!(one.cmp(&one), Ordering::Equal);
        }
    }
}
