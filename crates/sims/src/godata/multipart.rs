//! The parts of a multipart body.

/// One part.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    head: &'a str,
    /// What it holds.
    pub content: &'a [u8],
}

impl<'a> Part<'a> {
    /// A parameter of its head: `name`, `filename`.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        let wanted = format!("{name}=\"");
        let starts_word = |at: usize| at == 0 || matches!(self.head.as_bytes()[at - 1], b' ' | b';' | b'\t');
        let at = self.head.match_indices(&wanted).map(|(at, _)| at).find(|at| starts_word(*at))? + wanted.len();
        self.head[at..].split('"').next()
    }
}

/// The parts in their order; a body that is no multipart has none, one that breaks off has those before.
pub fn parts<'a>(content_type: &str, body: &'a [u8]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let boundary = content_type.split(';').find_map(|piece| piece.trim().strip_prefix("boundary="));
    let Some(boundary) = boundary.map(|boundary| boundary.trim_matches('"')).filter(|boundary| !boundary.is_empty()) else {
        return parts;
    };
    let delimiter = format!("--{boundary}");
    let next = format!("\r\n{delimiter}");
    let mut rest = body;
    while let Some(start) = find(rest, delimiter.as_bytes()) {
        rest = &rest[start + delimiter.len()..];
        let (false, Some(head_end)) = (rest.starts_with(b"--"), find(rest, b"\r\n\r\n")) else {
            return parts;
        };
        let content = &rest[head_end + 4..];
        let (Some(end), Ok(head)) = (find(content, next.as_bytes()), std::str::from_utf8(&rest[..head_end])) else {
            return parts;
        };
        parts.push(Part { head, content: &content[..end] });
        rest = &content[end..];
    }
    parts
}

/// The part of this name.
pub fn part<'a>(content_type: &str, body: &'a [u8], name: &str) -> Option<Part<'a>> {
    parts(content_type, body).into_iter().find(|part| part.parameter("name") == Some(name))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_by_name() {
        let body = b"--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ncase\r\n--X\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\na\r\n1\r\n--X--\r\n";
        let kind = "multipart/form-data; boundary=X";
        let file = part(kind, body, "file").unwrap();
        assert_eq!((file.content, file.parameter("filename")), (b"a\r\n1".as_slice(), Some("a.csv")));
        assert_eq!(part(kind, body, "model").unwrap().content, b"case");
        assert!(part(kind, body, "a.csv").is_none());
        assert!(parts("text/plain", body).is_empty());
    }
}
