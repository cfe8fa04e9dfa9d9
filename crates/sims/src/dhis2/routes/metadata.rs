//! Reading metadata: lists, objects, properties of objects.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::Call;
use crate::dhis2::error::{Error, Result};
use crate::dhis2::fields::{self, Fields};
use crate::dhis2::filter::{self, Filter, Order};
use crate::dhis2::kind::Kind;
use crate::dhis2::store::Store;
use crate::dhis2::uid::Uid;
use crate::dhis2::view::{Node, View};
use crate::server::Reply;

/// How many objects a page has when nothing is said.
const PAGE_SIZE: usize = 50;

/// Answers a path of a kind.
pub fn route(call: &Call<'_>, kind: &'static Kind, segments: &[&str]) -> Result<Reply> {
    if matches!(segments, ["split" | "merge" | "geometry"]) {
        return Err(Error::not_simulated(call.path));
    }
    if !call.is(&Method::GET) {
        return super::objects::route(call, kind, segments);
    }
    let store = call.server.metadata();
    let view = view(call, &store)?;
    match segments {
        [] if call.suffix == Some("geojson") => super::units::geojson(call, &view),
        [] => list(call, &view, kind),
        ["gist"] | [_, "gist" | "metadata"] => Err(Error::not_simulated(call.path)),
        ["orgUnits"] if kind.plural == "categoryOptions" => Ok(super::units::of_options(call, &view)),
        [id] => object(call, &view, kind, id),
        [id, property] => {
            let node = find(&view, kind, id)?;
            let known = kind.part(property).is_some() || crate::dhis2::properties::holds(kind, property).is_some();
            if !known {
                return Err(Error::new(404, format!("Property {property} does not exist on {}", kind.klass)));
            }
            let inner = call.argument("fields").map(|text| format!("[{text}]")).unwrap_or_default();
            let shown = Fields::parse(&format!("{property}{inner}"))?.show(&view, &node);
            Ok(Reply::json(200, shown.to_string()))
        }
        _ => Err(Error::no_address(&call.request.path)),
    }
}

/// `identifiableObjects/{uid}`: whatever has this identifier.
pub fn identifiable(call: &Call<'_>, id: &str) -> Result<Reply> {
    if !call.is(&Method::GET) {
        return Err(call.wrong_method());
    }
    let store = call.server.metadata();
    let kind = Uid::parse(id).and_then(|uid| store.kind_of(uid)).ok_or_else(|| Error::no_object("IdentifiableObject", id))?;
    object(call, &view(call, &store)?, kind, id)
}

/// How the caller looks at the metadata.
pub fn view<'s>(call: &'s Call<'_>, store: &'s Store) -> Result<View<'s>> {
    let locale = call.argument("locale").filter(|_| call.argument("translate") != Some("false"));
    let without_defaults = match call.argument("defaults") {
        None | Some("INCLUDE") => false,
        Some("EXCLUDE") => true,
        Some(other) => return Err(Error::bad_request(format!("Value '{other}' is not valid for parameter defaults"))),
    };
    let root = call.address("").trim_end_matches('/').to_owned();
    Ok(View { store, account: &call.account, root, locale: locale.map(str::to_owned), without_defaults })
}

fn find<'s>(view: &View<'s>, kind: &'static Kind, id: &str) -> Result<Node<'s>> {
    Uid::parse(id).and_then(|uid| view.object(kind, uid)).ok_or_else(|| Error::no_object(kind.klass, id))
}

/// What of the objects is to be shown.
fn wanted(call: &Call<'_>, otherwise: fn() -> Fields) -> Result<Fields> {
    let texts: Vec<&str> = call.arguments("fields").filter(|text| !text.is_empty()).collect();
    if texts.is_empty() { Ok(otherwise()) } else { Fields::parse(&texts.join(",")) }
}

fn object(call: &Call<'_>, view: &View<'_>, kind: &'static Kind, id: &str) -> Result<Reply> {
    let node = find(view, kind, id)?;
    if kind.plural == "organisationUnits"
        && let Some(units) = super::units::around(call, view, &node)?
    {
        let fields = wanted(call, fields::of_list)?;
        return Ok(Reply::json(200, json!({ kind.plural: fields.show(view, &Node::List(units)) }).to_string()));
    }
    let fields = wanted(call, fields::of_object)?;
    Ok(Reply::json(200, fields.show(view, &node).to_string()))
}

fn list(call: &Call<'_>, view: &View<'_>, kind: &'static Kind) -> Result<Reply> {
    let fields = wanted(call, fields::of_list)?;
    let mut nodes = view.all(kind);
    if kind.plural == "organisationUnits" {
        super::units::narrow(call, view, &mut nodes)?;
    }
    select(call, view, kind, &mut nodes)?;
    let orders = call.argument("order").map(|text| Order::parse(text, kind)).unwrap_or_default();
    let orders = if orders.is_empty() { vec![Order::by_name()] } else { orders };
    filter::sort(view, &mut nodes, kind, &orders);
    let mut body = Map::new();
    if call.flag("paging", true)? && !call.flag("skipPaging", false)? {
        let (pager, shown) = page(call, kind, nodes)?;
        body.insert("pager".to_owned(), pager);
        nodes = shown;
    }
    body.insert(kind.plural.to_owned(), fields.show(view, &Node::List(nodes)));
    Ok(Reply::json(200, Value::Object(body).to_string()))
}

/// Keeps what fits `filter` and `query`.
pub fn select(call: &Call<'_>, view: &View<'_>, kind: &'static Kind, nodes: &mut Vec<Node<'_>>) -> Result<()> {
    let status = call.server.profile.bad_filter_status;
    let filters = call.arguments("filter").map(|text| Filter::parse(text, kind, status)).collect::<Result<Vec<_>>>()?;
    let any = match call.argument("rootJunction") {
        None | Some("AND") => false,
        Some("OR") => true,
        Some(other) => return Err(Error::bad_request(format!("Value '{other}' is not valid for parameter rootJunction"))),
    };
    let zone = &call.server.zone;
    if !filters.is_empty() {
        nodes.retain(|node| {
            let mut fits = filters.iter().map(|filter| filter.fits(view, node, zone));
            if any { fits.any(|fits| fits) } else { fits.all(|fits| fits) }
        });
    }
    if let Some(query) = call.argument("query").filter(|query| !query.is_empty()) {
        nodes.retain(|node| filter::matches_query(view, node, query));
    }
    Ok(())
}

/// The pager and what is on its page. A page after the last one is the last one.
fn page<'s>(call: &Call<'_>, kind: &Kind, nodes: Vec<Node<'s>>) -> Result<(Value, Vec<Node<'s>>)> {
    let total = nodes.len();
    let size = call.number("pageSize")?.unwrap_or(PAGE_SIZE).max(1);
    let count = total.div_ceil(size).max(1);
    let page = call.number("page")?.unwrap_or(1).clamp(1, count);
    let mut pager = json!({"page": page, "total": total, "pageSize": size, "pageCount": count});
    if page < count {
        pager["nextPage"] = json!(link(call, kind, page + 1));
    }
    if page > 1 {
        pager["prevPage"] = json!(link(call, kind, page - 1));
    }
    Ok((pager, nodes.into_iter().skip((page - 1) * size).take(size).collect()))
}

fn link(call: &Call<'_>, kind: &Kind, page: usize) -> String {
    let others = call.request.query.iter().filter(|(name, _)| name != "page");
    let others = others.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    let arguments: Vec<String> = std::iter::once(format!("page={page}")).chain(others).collect();
    call.address(&format!("{}?{}", kind.plural, arguments.join("&")))
}

/// Percent-encoding for a query.
fn encode(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:,".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
