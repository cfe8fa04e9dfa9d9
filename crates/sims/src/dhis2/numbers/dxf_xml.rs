//! Data value sets in the server's own XML (DXF 2).

use super::id_scheme::Schemes;
use super::payload::{Combo, Group, Payload, Sent, filled};
use super::xml::Element;

/// The namespace of DXF 2.
pub const NAMESPACE: &str = "http://dhis2.org/schema/dxf/2.0";

/// Reads a document by its root. A `followup` in small letters is not known and is passed over, as the server does.
pub fn read(root: &Element) -> Result<Payload, String> {
    if root.name != "dataValueSet" {
        return Err(format!("the root element is {}, expected dataValueSet", root.name));
    }
    let group = Group {
        data_set: filled(root.attribute("dataSet")),
        complete_date: filled(root.attribute("completeDate")),
        period: filled(root.attribute("period")),
        org_unit: filled(root.attribute("orgUnit")),
        attribute_option_combo: filled(root.attribute("attributeOptionCombo")).map(Combo::Id),
        values: root.children.iter().filter(|child| child.name == "dataValue").map(value).collect(),
        ..Group::default()
    };
    Ok(Payload {
        schemes: Schemes::read(|name| root.attribute(name).map(str::to_owned))?,
        dry_run: root.attribute("dryRun").map(|flag| flag == "true"),
        strategy: filled(root.attribute("importStrategy")),
        ..Payload::of(group)
    })
}

fn value(element: &Element) -> Sent {
    let text = |name: &str| filled(element.attribute(name));
    Sent {
        data_element: text("dataElement"),
        period: text("period"),
        org_unit: text("orgUnit"),
        category_option_combo: text("categoryOptionCombo").map(Combo::Id),
        attribute_option_combo: text("attributeOptionCombo").map(Combo::Id),
        value: text("value"),
        comment: text("comment"),
        followup: element.attribute("followUp").map(|flag| flag == "true"),
        deleted: element.attribute("deleted") == Some("true"),
        stored_by: text("storedBy"),
    }
}
