//! The HTTP face of Kivuko: what a monitoring system and a person with `curl` can ask.
//!
//! Read-only, and on the loopback interface alone: accounts, roles and the audit log come before anything that can be reached from outside or can
//! change something. It asks the engine's store and never goes round the engine. Payloads are not served, only the account of runs and the causes.

mod routes;

use std::net::SocketAddr;
use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::error::Error;
use kivuko_core::store::Store;
use tokio::net::TcpListener;

/// A server that is bound to its address and not serving yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Binds to an address of this machine; port 0 takes a free one.
    ///
    /// # Errors
    /// The address can be reached from outside, or is taken.
    pub async fn bind(address: SocketAddr) -> Result<Self, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::configuration(
                codes::NOT_LOOPBACK,
                format!(
                    "`{address}` can be reached from outside, and there are no accounts yet; listen on 127.0.0.1 and put a proxy with a log-in before it"
                ),
            ));
        }
        let listener = TcpListener::bind(address).await.map_err(|error| taken(address, &error))?;
        let address = listener.local_addr().map_err(|error| taken(address, &error))?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves; requests under way are answered first.
    pub async fn serve(self, store: Arc<dyn Store>, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        axum::serve(self.listener, routes::router(store))
            .with_graceful_shutdown(stop)
            .await
            .map_err(|error| Error::stop(codes::NOT_LOOPBACK, format!("serving on {} ended: {error}", self.address)))
    }
}

fn taken(address: SocketAddr, error: &std::io::Error) -> Error {
    Error::configuration(codes::NOT_LOOPBACK, format!("cannot listen on {address}: {error}"))
}
