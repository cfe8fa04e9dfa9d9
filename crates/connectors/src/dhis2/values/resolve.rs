//! From what a sheet writes to the ids of a data set: by whichever of id, code and name fits, or by the scheme that the flow names.

use kivuko_core::catalogue::dhis2;
use kivuko_core::error::Cause;
use kivuko_core::numbers::{Combo, Element, Found, Named, Unit, find};

use super::super::config::TargetOptions;
use super::super::frame::DataSet;
use super::super::scheme::Scheme;

/// The schemes of a flow.
#[derive(Debug, Clone, Default)]
pub struct Schemes {
    pub elements: Option<Scheme>,
    pub units: Option<Scheme>,
    pub option_combos: Option<Scheme>,
    pub attribute_option_combos: Option<Scheme>,
}

impl Schemes {
    /// What the options of a flow say.
    pub fn of(options: &TargetOptions) -> Self {
        let or_general = |own: &Option<Scheme>| own.clone().or_else(|| options.id_scheme.clone());
        Self {
            elements: or_general(&options.data_element_id_scheme),
            units: or_general(&options.org_unit_id_scheme),
            option_combos: or_general(&options.category_option_combo_id_scheme),
            attribute_option_combos: or_general(&options.attribute_option_combo_id_scheme),
        }
    }
}

/// The names of a data set.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    pub set: &'a DataSet,
    pub schemes: &'a Schemes,
}

/// Whether something is called so under a scheme.
fn is_called(named: &Named, scheme: &Scheme, written: &str) -> bool {
    match scheme {
        Scheme::Uid => named.id == written,
        Scheme::Code => named.code.as_deref() == Some(written),
        Scheme::Name => named.name == written,
        Scheme::Attribute(_) => false,
    }
}

impl<'a> Names<'a> {
    /// One of some things, by the scheme or by whatever fits.
    fn one_of<T: AsRef<Named>>(&self, all: &'a [T], scheme: Option<&Scheme>, written: &str) -> Found<&'a T> {
        let by_attribute = |id: &String| self.set.by_attribute.get(id).and_then(|named| named.get(written));
        match scheme {
            None => find(all, written),
            Some(Scheme::Attribute(attribute)) => {
                let id = by_attribute(attribute);
                id.and_then(|id| all.iter().find(|one| one.as_ref().id == *id)).map_or(Found::Nothing, Found::One)
            }
            Some(scheme) => {
                let mut fitting = all.iter().filter(|one| is_called((*one).as_ref(), scheme, written));
                match (fitting.next(), fitting.count()) {
                    (None, _) => Found::Nothing,
                    (Some(one), 0) => Found::One(one),
                    (Some(_), more) => Found::Several(more + 1),
                }
            }
        }
    }

    /// An element of the data set.
    ///
    /// # Errors
    /// It is not one of them, or several have the name.
    pub fn element(&self, written: &str) -> Result<&'a Element, Cause> {
        let by_id = matches!(self.schemes.elements, None | Some(Scheme::Uid));
        if by_id && let Some(element) = self.set.element(written) {
            return Ok(element);
        }
        let name = &self.set.frame.data_set.name;
        match self.one_of(&self.set.frame.elements, self.schemes.elements.as_ref(), written) {
            Found::One(element) => Ok(element),
            Found::Several(count) => Err(ambiguous(count, "elements of the data set", "dataElement", written)),
            Found::Nothing => {
                let message = match self.set.frame.other_elements.get(written) {
                    Some(other) => format!("the element `{other}` is not in the data set `{name}`"),
                    None => format!("the data set `{name}` has no such element"),
                };
                Err(Cause::new(dhis2::NOT_IN_DATA_SET, message).field("dataElement").unlisted("dataElements", written))
            }
        }
    }

    /// An org unit, whether or not the data set is assigned to it.
    ///
    /// # Errors
    /// There is none, or several have the name.
    pub fn unit(&self, written: &str, field: &str) -> Result<&'a Unit, Cause> {
        let units = &self.set.frame.units;
        let found = match &self.schemes.units {
            None => units.find(written),
            Some(Scheme::Uid) => units.get(written).map_or(Found::Nothing, Found::One),
            scheme => self.one_of(units.all(), scheme.as_ref(), written),
        };
        match found {
            Found::One(unit) => Ok(unit),
            Found::Several(count) => Err(ambiguous(count, "org units", field, written)),
            Found::Nothing => Err(Cause::new(dhis2::NOT_ASSIGNED, "DHIS2 has no such org unit, or the account cannot see it")
                .field(field)
                .unlisted("organisationUnits", written)),
        }
    }

    /// The option combination of an element; nothing written stands for "no categories".
    ///
    /// # Errors
    /// It is not one of the element's in this data set.
    pub fn option_combo(&self, element: &Element, written: Option<&str>) -> Result<String, Cause> {
        let combo = self.set.combo_of(element);
        let of = format!("the element `{}`", element.named.name);
        self.combo(combo, self.schemes.option_combos.as_ref(), written, &of, "categoryOptionCombo")
    }

    /// The attribute option combination; nothing written stands for "no categories".
    ///
    /// # Errors
    /// It is not one of the data set's.
    pub fn attribute_option_combo(&self, written: Option<&str>) -> Result<String, Cause> {
        let of = format!("the data set `{}`", self.set.frame.data_set.name);
        self.combo(self.set.attribute_combo(), self.schemes.attribute_option_combos.as_ref(), written, &of, "attributeOptionCombo")
    }

    fn combo(
        &self,
        combo: Option<&'a Combo>,
        scheme: Option<&Scheme>,
        written: Option<&str>,
        of: &str,
        field: &str,
    ) -> Result<String, Cause> {
        let Some(combo) = combo else {
            return Err(Cause::new(dhis2::WRONG_OPTION_COMBO, format!("the category combination of {of} cannot be seen by the account"))
                .field(field));
        };
        let Some(written) = written else {
            let only = combo.option_combos.first().filter(|_| combo.is_default());
            return only.map(|only| only.named.id.clone()).ok_or_else(|| {
                Cause::new(
                    dhis2::WRONG_OPTION_COMBO,
                    format!("{of} has categories ({}), so each value needs an option combination", combo.named.name),
                )
                .field(field)
            });
        };
        match self.one_of(&combo.option_combos, scheme, written) {
            Found::One(found) => Ok(found.named.id.clone()),
            Found::Several(count) => Err(ambiguous(count, "option combinations", field, written)),
            // "No categories" may be written as what it is called elsewhere.
            Found::Nothing if combo.is_default() && written.trim() == "default" => {
                Ok(combo.option_combos.first().map(|only| only.named.id.clone()).unwrap_or_default())
            }
            Found::Nothing => {
                let message = format!("it is no option combination of `{}`, which {of} has", combo.named.name);
                Err(Cause::new(dhis2::WRONG_OPTION_COMBO, message).field(field).unlisted("categoryOptionCombos", written))
            }
        }
    }
}

fn ambiguous(count: usize, what: &str, field: &str, written: &str) -> Cause {
    let code = if field.ends_with("Combo") {
        dhis2::WRONG_OPTION_COMBO
    } else if field == "dataElement" {
        dhis2::NOT_IN_DATA_SET
    } else {
        dhis2::NOT_ASSIGNED
    };
    Cause::new(code, format!("{count} {what} are called so; use a code or an id")).field(field).unlisted(what, written)
}
