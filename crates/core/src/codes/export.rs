//! Everything that a crosswalk says, as one file: what people decided, and after it what flows have linked.
//!
//! What is kept here: the file in the place of the old one changes nothing. Decisions stay as they are, in their order; a link has a row for the days on which it
//! counts; a link that is in doubt has none.

use super::edit::empty;
use super::{CodeMap, NAME};
use crate::table::Table;

/// What a place of a system is called, where that is known.
pub type NameOf<'a> = dyn Fn(&str, &str) -> Option<String> + 'a;

impl CodeMap {
    /// The file of a crosswalk with its links; of a code map its file as it is. `name_of` names places by system and id; `places` are those that get a row of their own, for a person to fill in, if
    /// nothing is said of them.
    pub fn export(&self, table: Option<&Table>, name_of: &NameOf<'_>, places: &[(String, String)]) -> Table {
        if !self.crosswalk
            && let Some(table) = table
        {
            return table.clone();
        }
        let sides: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let mut table = table.cloned().unwrap_or_else(|| empty(&self.name, &sides));
        let links = self.effective_links();
        let mut named: std::collections::HashSet<(String, String)> =
            self.decisions().filter(|decision| !decision.is_open()).flat_map(|decision| decision.ids()).map(owned).collect();
        let open: std::collections::HashSet<(String, String)> =
            self.decisions().filter(super::Decision::is_open).flat_map(|decision| decision.ids()).map(owned).collect();
        let mut new: Vec<Vec<(String, String)>> = Vec::new();
        for (pair, spans) in links {
            named.extend([pair.one.clone(), pair.other.clone()]);
            for span in spans {
                let day = |day: Option<jiff::civil::Date>| day.map_or_else(String::new, |day| day.to_string());
                let days = [("valid_from".to_owned(), day(span.from)), ("valid_to".to_owned(), day(span.to))];
                new.push([pair.one.clone(), pair.other.clone()].into_iter().chain(days).filter(|(_, cell)| !cell.is_empty()).collect());
            }
        }
        // A place in doubt is said something of as well, which the person finds beside the file.
        named.extend(self.disagreeing().into_iter().flat_map(|pair| [pair.one, pair.other]));
        let mut left: Vec<&(String, String)> = places.iter().filter(|place| !named.contains(place) && !open.contains(place)).collect();
        left.sort_by_cached_key(|(system, id)| (self.column(system), name_of(system, id), id.clone()));
        new.extend(left.into_iter().map(|place| vec![place.clone()]));
        for cells in new {
            let mut written = Vec::new();
            for (column, cell) in cells {
                let at = column_of(&mut table, &column);
                put(&mut written, at, cell);
            }
            table.push(written);
        }
        self.name_places(&mut table, name_of);
        let width = table.header.len();
        for row in table.rows.iter_mut().filter(|row| row.cells.len() < width) {
            row.cells.resize(width, String::new());
        }
        table
    }

    /// Fills in the names that are known now; what a place was called when it was decided stays.
    fn name_places(&self, table: &mut Table, name_of: &NameOf<'_>) {
        for side in &self.columns {
            let Some(ids) = table.column(side) else { continue };
            for row in 0..table.rows.len() {
                let id = table.rows[row].cells.get(ids).map_or("", |cell| cell.trim()).to_owned();
                let Some(name) = Some(id).filter(|id| !id.is_empty()).and_then(|id| name_of(side, &id)) else { continue };
                let at = column_of(table, &format!("{side}{NAME}"));
                if table.rows[row].cells.get(at).is_none_or(|cell| cell.trim().is_empty()) {
                    put(&mut table.rows[row].cells, at, name);
                }
            }
        }
    }

    /// How many rows a person has written, without those that are open.
    pub fn count_decisions(&self) -> usize {
        self.decisions().filter(|decision| !decision.is_open()).count()
    }

    /// How many rows it has; of a crosswalk with those that are open.
    pub fn count_rows(&self) -> usize {
        self.rows.len()
    }
}

fn owned((system, id): (&str, &str)) -> (String, String) {
    (system.to_owned(), id.to_owned())
}

/// A column by its name; it is made where it is not there.
fn column_of(table: &mut Table, name: &str) -> usize {
    table.column(name).unwrap_or_else(|| {
        table.header.push(name.to_owned());
        table.header.len() - 1
    })
}

fn put(cells: &mut Vec<String>, at: usize, cell: String) {
    if cells.len() <= at {
        cells.resize(at + 1, String::new());
    }
    cells[at] = cell;
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    fn export(file: &str, links: &[(&str, &str)], places: &[(&str, &str)]) -> String {
        let table = (!file.is_empty()).then(|| Table::parse("codes/x.csv", file.as_bytes()).expect("it is a table"));
        let (map, problems) = CodeMap::crosswalk("x", &["godata", "hmis"], table.as_ref());
        assert_eq!(problems, []);
        let pair = |(one, other): &(&str, &str)| Pair { one: owned(("godata", one)), other: owned(("hmis", other)) };
        let map = map.expect("it is a crosswalk").with_links(&links.iter().map(pair).collect::<Vec<_>>());
        let name_of = |_: &str, id: &str| (id != "G9").then(|| format!("name of {id}"));
        let places: Vec<(String, String)> = places.iter().copied().map(owned).collect();
        let text = map.export(table.as_ref(), &name_of, &places).write();
        let (again, problems) =
            CodeMap::crosswalk("x", &["godata", "hmis"], Some(&Table::parse("codes/x.csv", &text).expect("it is a table")));
        assert_eq!(problems, []);
        let again = again.expect("it is a crosswalk").with_links(&links.iter().map(pair).collect::<Vec<_>>());
        let twice = again.export(Some(&Table::parse("codes/x.csv", &text).expect("it is a table")), &name_of, &places).write();
        let text = String::from_utf8(text).expect("it is UTF-8");
        assert_eq!(String::from_utf8(twice).expect("it is UTF-8"), text, "exported twice it is the same");
        text
    }

    #[test]
    fn decisions_stay_and_links_follow() {
        assert_eq!(
            export("", &[("G2", "H2"), ("G1", "H1")], &[]),
            "godata,hmis,godata_name,hmis_name,decision,valid_from,valid_to,note\nG1,H1,name of G1,name of H1,,,,\nG2,H2,name of G2,name of H2,,,,\n"
        );
        let file = "godata;hmis;decision;note;valid_to;godata_name\nG3;H3;;\"by; phone\";;old name\nG1;;none;;2025-12-31;\n";
        assert_eq!(
            export(file, &[("G1", "H1"), ("G4", "H4"), ("G4", "H5")], &[("godata", "G9"), ("hmis", "H9"), ("hmis", "H4"), ("hmis", "H3")]),
            "godata;hmis;decision;note;valid_to;godata_name;valid_from;hmis_name\n\
             G3;H3;;\"by; phone\";;old name;;name of H3\n\
             G1;;none;;2025-12-31;name of G1;;\n\
             G1;H1;;;;name of G1;2026-01-01;name of H1\n\
             G9;;;;;;;\n\
             ;H9;;;;;;name of H9\n"
        );
    }
}
