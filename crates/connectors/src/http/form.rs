//! A form with a file in it, as browsers send it (`multipart/form-data`, RFC 7578).
//!
//! It is kept whole, so that a request with it can be sent again.

use kivuko_core::clock::Random;

/// A form that is being filled in.
#[derive(Debug)]
pub struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// An empty form. Chance makes the line between its parts one that none of them has.
    pub fn new(random: &dyn Random) -> Self {
        let mut chance = [0; 16];
        random.fill(&mut chance);
        Self { boundary: format!("kivuko-{:032x}", u128::from_be_bytes(chance)), body: Vec::new() }
    }

    /// With a field. Names are those of an interface, and need no escaping.
    #[must_use]
    pub fn field(self, name: &'static str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), value.as_bytes())
    }

    /// With a file of JSON.
    #[must_use]
    pub fn json_file(self, name: &'static str, file_name: &'static str, content: &[u8]) -> Self {
        self.part(&format!("name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: application/json"), content)
    }

    fn part(mut self, head: &str, content: &[u8]) -> Self {
        self.body.extend(format!("--{}\r\nContent-Disposition: form-data; {head}\r\n\r\n", self.boundary).into_bytes());
        self.body.extend(content);
        self.body.extend(b"\r\n");
        self
    }

    /// Its content type and its bytes.
    pub(super) fn finish(mut self) -> (String, Vec<u8>) {
        self.body.extend(format!("--{}--\r\n", self.boundary).into_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::context;

    #[test]
    fn a_form_has_its_parts_between_its_lines() {
        let form = Form::new(&*context().random).field("model", "case").json_file("file", "rows.json", b"[]");
        let line = form.boundary.clone();
        let (kind, body) = form.finish();
        assert_eq!(kind, format!("multipart/form-data; boundary={line}"));
        let expected = format!(
            "--{line}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ncase\r\n\
             --{line}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"rows.json\"\r\nContent-Type: application/json\r\n\r\n[]\r\n--{line}--\r\n"
        );
        assert_eq!(String::from_utf8_lossy(&body), expected);
    }
}
