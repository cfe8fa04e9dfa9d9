//! What is seen while a run goes: one line on standard error, and only on a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kivuko_core::outcome::Counts;
use kivuko_engine::Watch;

use super::Style;
use super::account;
use super::figures::count;

/// The line. It goes away when it is dropped, for then the account stands there.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    began: Instant,
    style: Style,
}

impl Progress {
    /// Begins with what is being done.
    pub fn start(doing: &str, style: Style) -> Self {
        // Without a terminal it draws nothing.
        let bar = ProgressBar::new_spinner();
        bar.set_style(ProgressStyle::default_spinner().tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        bar.set_message(doing.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, began: Instant::now(), style }
    }

    /// Writes something above the line.
    pub fn aside(&self, write: impl FnOnce()) {
        // Where nothing is drawn there is nothing to clear away.
        if self.bar.is_hidden() { write() } else { self.bar.suspend(write) }
    }
}

impl Watch for Progress {
    fn page(&self, counts: &Counts) {
        let elapsed = self.began.elapsed().as_secs_f64();
        let pace = if elapsed > 1.0 {
            format!("  {}", self.style.dim(&format!("{} a second", count((counts.read as f64 / elapsed) as u64))))
        } else {
            String::new()
        };
        self.bar.set_message(format!("{}{pace}", account::sum(counts, 0, self.style)));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
