//! `serve`: how the runs went, over HTTP, until it is stopped.

use kivuko_server::Server;
use serde_json::json;

use crate::app::App;
use crate::args::Serve;
use crate::failure::{Failure, exit};
use crate::signals;

pub async fn execute(app: &App, args: &Serve) -> Result<u8, Failure> {
    let history = app.history().await?;
    let server = Server::bind(args.listen).await?;
    let url = format!("http://{}", server.address());
    app.answer(|| json!({ "url": url }), |style| format!("{}\n  /health  /api/runs  /api/runs/RUN  /api/rejections\n", style.bold(&url)))?;
    app.say(&format!("{}\n", app.err.dim("read only, for this machine alone; Ctrl-C ends it")));
    let stop = async {
        // Without signals the process is ended by the system itself.
        if signals::signal().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    server.serve(history.store, stop).await?;
    Ok(exit::WELL)
}
