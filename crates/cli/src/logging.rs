//! What is told on standard error while something is done, for those who ask for it.

use tracing_subscriber::EnvFilter;

/// Starts it: `KIVUKO_LOG` says exactly what, else each `-v` says more.
pub fn start(verbose: u8) {
    let by_flags = match verbose {
        0 => "off",
        1 => "kivuko=info,kivuko_engine=info,kivuko_connectors=info,kivuko_store=info,kivuko_sims=info",
        2 => "kivuko=debug,kivuko_engine=debug,kivuko_connectors=debug,kivuko_store=debug,kivuko_sims=debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("KIVUKO_LOG").unwrap_or_else(|_| EnvFilter::new(by_flags));
    // Whoever read standard error may be gone; that is no reason to say so there, and none to stop.
    let colour = console::Term::stderr().features().colors_supported();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .log_internal_errors(false)
        .with_target(verbose > 1)
        .init();
}

/// A panic says where, never what: its message may hold a value of a record.
pub fn hide_panics() {
    if std::env::var_os("RUST_BACKTRACE").is_some() {
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
        eprintln!(
            "error  a bug in Kivuko {} at {place}; what was committed is safe, and running again goes on from there",
            env!("CARGO_PKG_VERSION")
        );
        eprintln!("next   report this line; RUST_BACKTRACE=1 shows more, which may hold values of records");
    }));
}
