//! The five dimensions that name a data value.

/// The key of a data value, by ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    // In the order in which values are sent: what belongs together stands together.
    pub attribute_option_combo: String,
    pub period: String,
    pub unit: String,
    pub element: String,
    pub option_combo: String,
}

impl Cell {
    /// As one text: `DE.PE.OU.COC.AOC`.
    pub fn id(&self) -> String {
        [&self.element, &self.period, &self.unit, &self.option_combo, &self.attribute_option_combo].map(String::as_str).join(".")
    }

    /// Reads such a text.
    pub fn parse(id: &str) -> Option<Self> {
        let mut parts = id.split('.').map(str::to_owned);
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let (element, period, unit) = (next()?, next()?, next()?);
        let (option_combo, attribute_option_combo) = (next()?, next()?);
        parts.next().is_none().then_some(Self { attribute_option_combo, period, unit, element, option_combo })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_and_its_text_are_one() {
        let check = |text: &str, is_one: bool| {
            let parsed = Cell::parse(text);
            assert_eq!(parsed.is_some(), is_one, "{text}");
            if let Some(cell) = parsed {
                assert_eq!(cell.id(), text);
            }
        };
        check("de.202401.ou.coc.aoc", true);
        check("de.202401.ou.coc", false);
        check("de.202401..coc.aoc", false);
        check("de.202401.ou.coc.aoc.more", false);
        check("no-such-id", false);
    }
}
