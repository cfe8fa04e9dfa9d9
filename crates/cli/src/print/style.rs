//! Colour, and how wide the place is that is written to.

use kivuko_core::outcome::{Outcome, Status};

/// How text is written to one of the two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    colour: bool,
    /// Columns of the terminal; without one lines are as long as they are.
    width: Option<usize>,
}

/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 140;
/// Narrower than this nothing is laid out any more.
const NARROWEST: usize = 40;

impl Style {
    /// Neither colour nor a width: for files, pipes and tests.
    pub const PLAIN: Self = Self { colour: false, width: None };

    /// What this terminal can show, and what the person who sits before it wants.
    pub fn of(terminal: &console::Term) -> Self {
        if !terminal.is_term() {
            return Self::PLAIN;
        }
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|value| value != "dumb");
        let width = terminal.size_checked().map(|(_, columns)| usize::from(columns).clamp(NARROWEST, WIDEST));
        Self { colour: wanted && able, width }
    }

    /// With this width.
    #[cfg(test)]
    #[must_use]
    pub const fn with_width(mut self, width: usize) -> Self {
        self.width = Some(width);
        self
    }

    /// The columns there are, if there is an end to them.
    pub const fn width(self) -> Option<usize> {
        self.width
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// What a block of text is about.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What is second to what stands beside it.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Done.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Waits for someone.
    pub fn warn(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// Did not get through.
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// The head of an error.
    pub fn error(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// To be typed.
    pub fn command(self, text: &str) -> String {
        self.paint("36", text)
    }

    /// An outcome in its colour.
    pub fn outcome(self, outcome: Outcome, text: &str) -> String {
        match outcome {
            Outcome::Created | Outcome::Updated | Outcome::Counted | Outcome::Deleted => self.good(text),
            Outcome::Waiting => self.warn(text),
            Outcome::Rejected | Outcome::Failed => self.bad(text),
            Outcome::Unchanged | Outcome::Skipped => self.dim(text),
        }
    }

    /// How a run ended, in its colour: what is rejected makes a complete run yellow.
    pub fn status(self, status: Status, rejected: u64) -> String {
        match (status, rejected) {
            (Status::Complete, 0) => self.good("complete"),
            (Status::Complete, _) => self.warn("complete"),
            (Status::Incomplete, _) => self.bad("incomplete"),
            (Status::Running, _) => self.warn("running"),
        }
    }

    /// A run whose process ended before it did.
    pub fn cut_off(self) -> String {
        self.bad("cut off")
    }

    /// Breaks a text into lines that fit beside an indentation, and indents all but the first.
    pub fn wrap(self, text: &str, indent: usize) -> String {
        let Some(width) = self.width else { return text.to_owned() };
        let room = width.saturating_sub(indent).max(NARROWEST / 2);
        super::table::wrapped(text, room).join(&format!("\n{}", " ".repeat(indent)))
    }
}

/// Puts what to do next under something: commands in one column, what they are for in the other.
pub fn next_steps(style: Style, steps: &[(String, &str)]) -> String {
    let widest = steps.iter().map(|(command, _)| console::measure_text_width(command)).max().unwrap_or(0);
    let mut text = String::new();
    for (at, (command, purpose)) in steps.iter().enumerate() {
        let lead = if at == 0 { "next  " } else { "      " };
        put!(text, "{}{}", style.dim(lead), style.command(command));
        if !purpose.is_empty() {
            let gap = " ".repeat(widest - console::measure_text_width(command) + 2);
            put!(text, "{gap}{}", style.dim(purpose));
        }
        text.push('\n');
    }
    text
}
