//! Pages of Markdown in a terminal: the pages of codes use headings, paragraphs, lists, code in backticks and fenced blocks.

use super::Style;

/// The page for reading in a terminal.
pub fn render(markdown: &str, style: Style) -> String {
    let mut text = String::new();
    let mut fenced = false;
    let mut paragraph = String::new();
    for line in markdown.lines().chain([""]) {
        let plain = !fenced && !line.is_empty() && !["#", "- ", "* ", "|", "```", "  "].iter().any(|mark| line.starts_with(mark));
        if plain {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
            continue;
        }
        if !paragraph.is_empty() {
            text.push_str(&body(&std::mem::take(&mut paragraph), 2, style));
        }
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            put!(text, "    {}\n", style.command(line));
        } else if let Some(title) = line.strip_prefix("# ").or_else(|| line.strip_prefix("## ")) {
            put!(text, "{}\n", style.bold(title));
        } else if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            put!(text, "  - {}", body(item, 4, style).trim_start());
        } else if line.is_empty() {
            text.push('\n');
        } else {
            put!(text, "  {line}\n");
        }
    }
    // A heading stands right above its text.
    let mut shown = String::new();
    let mut after_heading = false;
    let headings: Vec<String> = markdown.lines().filter_map(|line| line.strip_prefix("## ")).map(|title| style.bold(title)).collect();
    for line in text.trim_end().lines() {
        if line.is_empty() && after_heading {
            continue;
        }
        after_heading = headings.iter().any(|heading| heading == line);
        shown.push_str(line.trim_end());
        shown.push('\n');
    }
    shown
}

fn body(text: &str, indent: usize, style: Style) -> String {
    let wrapped = style.wrap(text, indent);
    format!("{}{}\n", " ".repeat(indent), code_spans(&wrapped, style))
}

/// Colours what stands in backticks; without colour the backticks stay, for they then say what is literal.
fn code_spans(text: &str, style: Style) -> String {
    if style.command("x") == "x" || text.matches('`').count() % 2 == 1 {
        return text.to_owned();
    }
    text.split('`').enumerate().map(|(at, piece)| if at % 2 == 1 { style.command(piece) } else { piece.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_set_for_a_terminal() {
        let page = "# K0306: a value is not in the code list\n\n## What happened\n\nThe value has no row in the code map, or the other\nsystem does not have the code.\n\n## Cure\n\n\
                    - Add the value to `codes/NAME.csv`.\n- Retry:\n\n```\nkivuko rejects retry cases\n```\n";
        insta::assert_snapshot!(render(page, Style::PLAIN.with_width(50)), @r"
        K0306: a value is not in the code list

        What happened
          The value has no row in the code map, or the
          other system does not have the code.

        Cure
          - Add the value to `codes/NAME.csv`.
          - Retry:

            kivuko rejects retry cases
        ");
    }
}
