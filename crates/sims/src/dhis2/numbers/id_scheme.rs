//! Which identifier names an object: uid, code, name or the value of an attribute.

use serde_json::{Map, Value};

use super::super::model::Scheme;

/// A scheme as an answer states it.
pub fn stated(scheme: &Scheme) -> String {
    match scheme {
        Scheme::Uid => "UID".to_owned(),
        Scheme::Code => "CODE".to_owned(),
        Scheme::Name => "NAME".to_owned(),
        Scheme::Attribute(attribute) => format!("ATTRIBUTE:{attribute}"),
    }
}

/// The kinds of objects that have a scheme of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    DataElement,
    OrgUnit,
    DataSet,
    CategoryOptionCombo,
    AttributeOptionCombo,
    Category,
    CategoryOption,
}

const NAMES: [&str; 7] = [
    "dataElementIdScheme",
    "orgUnitIdScheme",
    "dataSetIdScheme",
    "categoryOptionComboIdScheme",
    "attributeOptionComboIdScheme",
    "categoryIdScheme",
    "categoryOptionIdScheme",
];

/// The schemes of one request: what was said, and nothing else.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Schemes {
    general: Option<Scheme>,
    specific: [Option<Scheme>; 7],
}

impl Schemes {
    /// Reads the parameters that a request states; `get` gives a parameter's text. The error names the bad one.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let scheme = |name: &str| match get(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => Scheme::parse(&text).map(Some).ok_or_else(|| format!("{name} is not a valid id scheme: `{text}`")),
        };
        let mut schemes = Self { general: scheme("idScheme")?, ..Self::default() };
        for (specific, name) in schemes.specific.iter_mut().zip(NAMES) {
            *specific = scheme(name)?;
        }
        Ok(schemes)
    }

    /// Where `stronger` says something it wins.
    #[must_use]
    pub fn overridden(self, stronger: Self) -> Self {
        let mut schemes = Self { general: stronger.general.or(self.general), ..Self::default() };
        for (at, (own, other)) in self.specific.into_iter().zip(stronger.specific).enumerate() {
            schemes.specific[at] = other.or(own);
        }
        schemes
    }

    /// What holds where no general scheme is said.
    #[must_use]
    pub fn or_general(mut self, scheme: Scheme) -> Self {
        self.general.get_or_insert(scheme);
        self
    }

    /// The scheme of a kind of object.
    pub fn of(&self, kind: Kind) -> Scheme {
        self.specific[kind as usize].clone().or_else(|| self.general.clone()).unwrap_or(Scheme::Uid)
    }

    /// As `importOptions.idSchemes` states them.
    pub fn json(&self) -> Value {
        let specific = NAMES.iter().zip(&self.specific).filter_map(|(name, scheme)| Some((*name, scheme.as_ref()?)));
        let general = self.general.iter().map(|scheme| ("idScheme", scheme));
        Value::Object(general.chain(specific).map(|(name, scheme)| (name.to_owned(), Value::String(stated(scheme)))).collect::<Map<_, _>>())
    }
}
