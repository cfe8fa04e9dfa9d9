//! Ctrl-C and SIGTERM: the first ends the work in an orderly way, the second at once.

use kivuko_core::connector::Cancel;

use crate::failure::exit;
use crate::print::Style;

/// From here on the first signal asks for an orderly end; the second one ends the process, which loses nothing either: what is not
/// committed is done again.
pub fn cancel_on_signal(cancel: Cancel, style: Style) {
    tokio::spawn(async move {
        if signal().await.is_err() {
            // Without a handler the system's own way of ending the process stays in place.
            return;
        }
        cancel.cancel();
        eprintln!(
            "\n{}",
            style.warn("asked to end: what is under way is finished and put down first; a second Ctrl-C or signal ends at once")
        );
        if signal().await.is_ok() {
            std::process::exit(i32::from(exit::SYSTEM));
        }
    });
}

/// Resolves when the process is asked to end.
pub async fn signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
