//! The kind `file`.

use std::sync::Arc;

use kivuko_core::catalogue::network;
use kivuko_core::connector::{self, Context, Declaration, Settings, Status, System};
use kivuko_core::error::{Place, Problem};

/// The kind `file`.
#[derive(Debug, Clone, Copy)]
pub struct Connector;

impl connector::Connector for Connector {
    fn declaration(&self) -> Declaration {
        Declaration {
            kind: "file",
            about: "",
            category: "",
            status: Status::Experimental,
            reads: true,
            writes: true,
            options: serde_json::json!({ "type": "object", "properties": {} }),
            from_options: serde_json::json!({ "type": "object", "properties": {} }),
            to_options: serde_json::json!({ "type": "object", "properties": {} }),
            secrets: &[],
            resources: &[],
            knows_identity: false,
        }
    }

    fn open(&self, settings: Settings, _: Context) -> Result<Arc<dyn System>, Vec<Problem>> {
        Err(vec![Problem::error(network::UNREACHABLE, Place::default(), format!("`{}` cannot be opened", settings.name))])
    }
}
