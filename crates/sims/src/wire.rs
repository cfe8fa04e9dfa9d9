//! Connections that can be broken at will: what a dropped connection looks like to a client.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::connect_info::Connected;
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A connection that can be broken from outside.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    broken: AtomicBool,
    waker: AtomicWaker,
}

impl Connection {
    /// Breaks it, also while it waits.
    pub(crate) fn abort(&self) {
        self.broken.store(true, Ordering::SeqCst);
        self.waker.wake();
    }
}

/// The connection of a request.
#[derive(Debug, Clone)]
pub(crate) struct Peer(Arc<Connection>);

impl Peer {
    /// Breaks the connection. The response is only there because a handler returns one: nothing of it is sent.
    pub(crate) fn broken(&self) -> Response {
        self.0.abort();
        Response::new(Body::empty())
    }
}

impl Connected<IncomingStream<'_, Doors>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        stream.remote_addr().clone()
    }
}

/// Accepts connections and remembers them.
pub(crate) struct Doors {
    pub(crate) listener: TcpListener,
    pub(crate) connections: Arc<Mutex<Vec<Weak<Connection>>>>,
}

impl Listener for Doors {
    type Io = Wire;
    type Addr = Peer;

    async fn accept(&mut self) -> (Wire, Peer) {
        let (stream, _) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY on a connection");
        }
        let connection = Arc::new(Connection::default());
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|known| known.strong_count() > 0);
        connections.push(Arc::downgrade(&connection));
        (Wire { stream, connection: Arc::clone(&connection) }, Peer(connection))
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer(Arc::default()))
    }
}

/// A TCP stream that fails, and resets its peer, once its connection is broken.
pub(crate) struct Wire {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl Wire {
    fn check(&self, cx: &Context<'_>) -> io::Result<()> {
        self.connection.waker.register(cx.waker());
        if self.connection.broken.load(Ordering::SeqCst) {
            // The peer gets a reset instead of an orderly end. Where the system refuses, it gets the orderly end.
            let _unsupported = self.stream.set_zero_linger();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffers: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
