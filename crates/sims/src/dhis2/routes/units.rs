//! What only organisation units have: narrower lists, what is around one, shapes.

use serde_json::{Map, Value, json};

use super::Call;
use crate::dhis2::error::{Error, Result};
use crate::dhis2::kind::{self, Kind};
use crate::dhis2::store::text;
use crate::dhis2::uid::Uid;
use crate::dhis2::view::{Node, View};
use crate::server::Reply;

fn uid_of(node: &Node<'_>) -> Option<Uid> {
    match node {
        Node::Object(_, uid, _) => Some(*uid),
        _ => None,
    }
}

/// Keeps what the arguments of a list of units ask for: `userOnly`, `userDataViewOnly`, `withinUserHierarchy`, `level`, `maxLevel`.
pub fn narrow(call: &Call<'_>, view: &View<'_>, nodes: &mut Vec<Node<'_>>) -> Result<()> {
    let account = &call.account;
    if call.flag("withinUserSearchHierarchy", false)? {
        return Err(Error::not_simulated("withinUserSearchHierarchy"));
    }
    let mut keep = |wanted: bool, fits: &dyn Fn(Uid) -> bool| {
        if wanted {
            nodes.retain(|node| uid_of(node).is_some_and(fits));
        }
    };
    keep(call.flag("userOnly", false)?, &|uid| account.org_units.contains(&uid));
    keep(call.flag("userDataViewOnly", false)?, &|uid| account.view_units().contains(&uid));
    keep(call.flag("withinUserHierarchy", false)?, &|uid| view.path(uid).iter().any(|above| account.org_units.contains(above)));
    if let Some(level) = call.number("level")? {
        keep(true, &|uid| view.path(uid).len() == level);
    }
    if let Some(level) = call.number("maxLevel")? {
        keep(true, &|uid| view.path(uid).len() <= level);
    }
    Ok(())
}

/// The units around one, when the arguments ask for them: `includeChildren`, `includeDescendants`, `includeAncestors`, `level` (below it). The unit
/// itself is the first.
pub fn around<'s>(call: &Call<'_>, view: &View<'s>, node: &Node<'s>) -> Result<Option<Vec<Node<'s>>>> {
    let Some(uid) = uid_of(node) else { return Ok(None) };
    let kind = Kind::plural("organisationUnits").expect("the kinds are listed");
    let own = view.path(uid);
    let below = |levels: std::ops::RangeInclusive<usize>| {
        let mut units = vec![node.clone()];
        let others = view.all(kind).into_iter().filter(|other| uid_of(other) != Some(uid));
        units.extend(others.filter(|other| {
            let path = uid_of(other).map(|other| view.path(other)).unwrap_or_default();
            path.contains(&uid) && levels.contains(&(path.len() - own.len()))
        }));
        units
    };
    if call.flag("includeDescendants", false)? {
        return Ok(Some(below(1..=usize::MAX)));
    }
    if call.flag("includeChildren", false)? {
        return Ok(Some(below(1..=1)));
    }
    if call.flag("includeAncestors", false)? {
        return Ok(Some(own.iter().filter_map(|above| view.object(kind, *above)).collect()));
    }
    if let Some(level) = call.number("level")? {
        let mut units = below(level..=level);
        if level > 0 {
            units.remove(0);
        }
        return Ok(Some(units));
    }
    Ok(None)
}

/// The units that have a shape, as a FeatureCollection: all, or those of `level` (repeated) below `parent`.
pub fn geojson(call: &Call<'_>, view: &View<'_>) -> Result<Reply> {
    let kind = Kind::plural("organisationUnits").expect("the kinds are listed");
    let numbers =
        |text: &str| text.parse::<usize>().map_err(|_| Error::bad_request(format!("Value '{text}' is not valid for parameter level")));
    let levels = call.arguments("level").map(numbers).collect::<Result<Vec<_>>>()?;
    let parents: Vec<Uid> = call.arguments("parent").filter_map(Uid::parse).collect();
    let mut features = Vec::new();
    for node in view.all(kind) {
        let Node::Object(_, uid, object) = node else { continue };
        let path = view.path(uid);
        let fits =
            (levels.is_empty() || levels.contains(&path.len())) && (parents.is_empty() || parents.iter().any(|above| path.contains(above)));
        let Some(geometry) = object.get("geometry").filter(|_| fits) else { continue };
        let parent = object.get("parent").and_then(kind::reference);
        let graph: Vec<&str> = path[..path.len() - 1].iter().map(Uid::as_str).collect();
        let mut properties =
            json!({"level": path.len(), "name": text(object, "name"), "parent": parent, "parentGraph": graph.join("/"), "groups": []});
        if let Some(code) = text(object, "code") {
            properties["code"] = json!(code);
        }
        features.push(json!({"type": "Feature", "id": uid.as_str(), "geometry": geometry, "properties": properties}));
    }
    let body = json!({"type": "FeatureCollection", "features": features});
    Ok(Reply::whole(200, "application/json+geojson;charset=UTF-8", body.to_string()))
}

/// `categoryOptions/orgUnits?categoryOptions=a,b`: where each may be used; an empty list means everywhere.
pub fn of_options(call: &Call<'_>, view: &View<'_>) -> Reply {
    let model = view.store.model();
    let mut found = Map::new();
    for id in call.arguments("categoryOptions").flat_map(|text| text.split(',')) {
        let option = Uid::parse(id).and_then(|uid| model.category_options.get(uid));
        if let Some(option) = option {
            found.insert(id.to_owned(), option.org_units.iter().map(|unit| json!(unit.as_str())).collect());
        }
    }
    Reply::json(200, Value::Object(found).to_string())
}
