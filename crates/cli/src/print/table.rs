//! Aligned columns without borders.

use super::Style;

/// Rows of cells in aligned columns. The last column is broken into lines when the terminal ends; the others are short by nature.
#[derive(Debug)]
pub struct Table {
    header: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
    indent: usize,
}

const GUTTER: usize = 2;

impl Table {
    /// A table with these headings; one that begins with `>` is for figures, which stand at the right.
    pub fn new(header: &[&str]) -> Self {
        Self {
            right: header.iter().map(|name| name.starts_with('>')).collect(),
            header: header.iter().map(|name| name.trim_start_matches('>').to_owned()).collect(),
            rows: Vec::new(),
            indent: 0,
        }
    }

    /// Set in from the left.
    #[must_use]
    pub const fn indented(mut self, indent: usize) -> Self {
        self.indent = indent;
        self
    }

    /// Adds a row. Cells may be coloured.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether it has no rows.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text, a line a row.
    pub fn render(&self, style: Style) -> String {
        let headed = self.header.iter().any(|name| !name.is_empty());
        let header: Vec<String> = self.header.iter().map(|name| style.dim(name)).collect();
        let all = || headed.then_some(&header).into_iter().chain(&self.rows);
        // A column in which nothing stands is not there.
        let used: Vec<usize> =
            (0..self.header.len()).filter(|&at| self.rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()))).collect();
        let widths: Vec<usize> = used
            .iter()
            .map(|&at| all().filter_map(|row| row.get(at)).map(|cell| console::measure_text_width(cell)).max().unwrap_or(0))
            .collect();
        let before_last: usize = widths.iter().rev().skip(1).map(|width| width + GUTTER).sum::<usize>() + self.indent;
        let room = style.width().map_or(usize::MAX, |width| width.saturating_sub(before_last).max(20));
        let mut text = String::new();
        for row in all() {
            let mut line = " ".repeat(self.indent);
            for (position, (&at, &width)) in used.iter().zip(&widths).enumerate() {
                let empty = String::new();
                let cell = row.get(at).unwrap_or(&empty);
                if position + 1 == used.len() && !self.right[at] {
                    line.push_str(&wrapped(cell, room).join(&format!("\n{}", " ".repeat(before_last))));
                    break;
                }
                let pad = " ".repeat(width - console::measure_text_width(cell));
                if self.right[at] {
                    line.push_str(&pad);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&pad);
                }
                line.push_str(&" ".repeat(GUTTER));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Breaks a text at its spaces. Colour that is open where a line ends is closed there and opened again on the next one.
pub fn wrapped(text: &str, room: usize) -> Vec<String> {
    if console::measure_text_width(text) <= room {
        return vec![text.to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let width = console::measure_text_width(word);
        if used > 0 && used + 1 + width > room {
            let open = open_colour(&line).map(str::to_owned);
            if open.is_some() {
                line.push_str(RESET);
            }
            lines.push(std::mem::replace(&mut line, open.unwrap_or_default()));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += width;
    }
    lines.push(line);
    lines
}

const RESET: &str = "\x1b[0m";

/// The colour that a line begins and does not end.
fn open_colour(line: &str) -> Option<&str> {
    let last = &line[line.rfind("\x1b[")?..];
    let code = &last[..=last.find('m')?];
    (code != RESET).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let mut table = Table::new(&["name", ">records", "", "about"]);
        table.row(vec!["Guéckédougou".into(), "7".into(), String::new(), "a place".into()]);
        table.row(vec!["\x1b[31mMali\x1b[0m".into(), "1,204".into(), String::new(), "a land".into()]);
        insta::assert_snapshot!(console::strip_ansi_codes(&table.render(Style::PLAIN)), @r"
        name          records  about
        Guéckédougou        7  a place
        Mali            1,204  a land
        ");
    }

    #[test]
    fn the_last_column_is_broken_where_the_terminal_ends() {
        let mut table = Table::new(&["code", "about"]).indented(2);
        table.row(vec!["K0306".into(), "a value is not in the code list of the other system".into()]);
        insta::assert_snapshot!(table.render(Style::PLAIN.with_width(40)), @r"
          code   about
          K0306  a value is not in the code list
                 of the other system
        ");
    }

    #[test]
    fn texts_are_broken_at_spaces_only() {
        let check = |text: &str, room: usize, expected: &[&str]| assert_eq!(wrapped(text, room), expected, "{text}");
        check("one two three", 7, &["one two", "three"]);
        check("one two three", 100, &["one two three"]);
        check("incomprehensibilities are", 5, &["incomprehensibilities", "are"]);
        check("", 5, &[""]);
        check("\x1b[2mone two\x1b[0m three", 5, &["\x1b[2mone\x1b[0m", "\x1b[2mtwo\x1b[0m", "three"]);
    }
}
