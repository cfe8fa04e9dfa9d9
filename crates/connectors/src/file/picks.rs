//! What is read of each element of a JSON file: its identity and the time of its change, without keeping the rest.

use std::borrow::Cow;

use kivuko_core::catalogue::file as codes;
use kivuko_core::error::Error;
use kivuko_core::path::SourcePath;
use kivuko_core::value;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// What is read of each element.
#[derive(Debug)]
pub struct Picks {
    id: Option<Pick>,
    time: Option<Pick>,
}

#[derive(Debug)]
enum Pick {
    /// A member of the element itself, which is found without keeping the rest.
    Member(String),
    Path(SourcePath),
}

impl Picks {
    /// Checks the paths of identity and time.
    pub fn new(id: Option<&str>, time: Option<&str>) -> Result<Self, Error> {
        let pick = |role: &str, written: &str| {
            let path = SourcePath::parse(written).map_err(|error| {
                Error::configuration(codes::OPTION_UNFIT, format!("`{role}: {written}` of the flow is no path: {error}"))
            })?;
            Ok(if path.top() == Some(written) { Pick::Member(written.to_owned()) } else { Pick::Path(path) })
        };
        Ok(Self { id: id.map(|id| pick("id", id)).transpose()?, time: time.map(|time| pick("cursor", time)).transpose()? })
    }

    /// Checks that a text is one JSON object, and picks identity and time. A field that was put before the others must not be among them.
    pub fn from(&self, element: &str, put_before: Option<&str>) -> Result<[Option<String>; 2], Misfit> {
        let names = [&self.id, &self.time].map(|pick| match pick {
            Some(Pick::Member(name)) => Some(name.as_str()),
            _ => None,
        });
        let mut deserializer = serde_json::Deserializer::from_str(element);
        let (mut found, times) = Members { names, once: put_before }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        if let (Some(field), 2..) = (put_before, times) {
            return Err(Misfit::Named(field.to_owned()));
        }
        if [&self.id, &self.time].iter().any(|pick| matches!(pick, Some(Pick::Path(_)))) {
            let whole: Value = serde_json::from_str(element)?;
            for (slot, pick) in found.iter_mut().zip([&self.id, &self.time]) {
                if let Some(Pick::Path(path)) = pick {
                    *slot = path.one(&whole).cloned();
                }
            }
        }
        Ok(found.map(|found| found.as_ref().and_then(value::text).filter(|text| !text.trim().is_empty())))
    }
}

/// Why a text is no record.
#[derive(Debug)]
pub enum Misfit {
    /// It is no JSON object.
    Json(serde_json::Error),
    /// It has a field of its own with the name that its name was to be readable under.
    Named(String),
}

impl From<serde_json::Error> for Misfit {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// Finds two members of an object by name, and how often a third one is there.
struct Members<'n> {
    names: [Option<&'n str>; 2],
    once: Option<&'n str>,
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ([Option<Value>; 2], usize);

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ([Option<Value>; 2], usize);

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None, None];
        let mut times = 0;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            times += usize::from(self.once == Some(name.as_ref()));
            let wanted = self.names.map(|wanted| wanted == Some(name.as_ref()));
            if wanted == [false, false] {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: Value = map.next_value()?;
            for (slot, wanted) in found.iter_mut().zip(wanted) {
                if wanted {
                    *slot = Some(value.clone());
                }
            }
        }
        Ok((found, times))
    }
}
