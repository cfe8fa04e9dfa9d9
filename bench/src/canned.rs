//! A list of Go.Data cases that is written out before it is measured, in front of a simulated Go.Data that answers everything else.
//!
//! The simulator looks into each record to give only the fields that were asked for, which takes as long as our own reading does and would be measured with it. Here a page is texts that are
//! lying ready, and always whole records: what is left is the network, and us. Anything but the plain reading of the list in the order of the last change ends the process.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

/// Records by the text of their last change, then by id.
type Ordered = BTreeMap<(String, String), String>;

/// The list, and what it was asked.
#[derive(Debug, Default)]
pub struct Canned {
    records: RwLock<Ordered>,
    /// Pages that were asked for.
    pub requests: AtomicU64,
    /// Bytes of the bodies that were sent.
    pub bytes: AtomicU64,
}

impl Canned {
    /// Puts a record in; `before` is when it was last changed, where it is there already.
    pub fn put(&self, before: Option<&str>, updated: String, id: String, text: String) {
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = before {
            records.remove(&(before.to_owned(), id.clone()));
        }
        records.insert((updated, id), text);
    }

    /// Listens on a free port, and gives on to `behind` (`host:port`) what is not the list of cases. Returns where it listens.
    pub fn listen(self: Arc<Self>, behind: String) -> io::Result<String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (canned, behind) = (Arc::clone(&self), behind.clone());
                std::thread::spawn(move || {
                    if let Err(error) = canned.serve(&stream, &behind) {
                        // A client that goes away in the middle is the end of its process.
                        eprintln!("a connection to the list of cases ended: {error}");
                    }
                });
            }
        });
        Ok(url)
    }

    fn serve(&self, stream: &TcpStream, behind: &str) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let mut writer = stream;
        while let Some(request) = Request::read(&mut reader)? {
            if let Some(filter) = request.list_of_cases() {
                writer.write_all(&self.page(&filter))?;
            } else {
                return request.give_on(behind, writer);
            }
        }
        Ok(())
    }

    fn page(&self, filter: &Value) -> Vec<u8> {
        let after = after(&filter["where"]).unwrap_or_else(|| panic!("not a plain reading of the list: {filter}"));
        let limit = filter["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let texts: Vec<&String> = records.range((after, Bound::Unbounded)).map(|(_, text)| text).take(limit).collect();
        let length = 1 + texts.iter().map(|text| text.len() + 1).sum::<usize>().max(1);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {length}\r\n\r\n[");
        let mut answer = Vec::with_capacity(head.len() + length);
        answer.extend_from_slice(head.as_bytes());
        for (position, text) in texts.iter().enumerate() {
            if position > 0 {
                answer.push(b',');
            }
            answer.extend_from_slice(text.as_bytes());
        }
        answer.push(b']');
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(length as u64, Ordering::Relaxed);
        answer
    }
}

/// Behind what a page begins: `updatedAt` from a time on, or behind a record.
fn after(condition: &Value) -> Option<Bound<(String, String)>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(from) = text(&condition["updatedAt"]["gte"]) {
        return Some(Bound::Included((from, String::new())));
    }
    let either = condition["or"].as_array()?;
    let (time, id) = (text(&either.first()?["updatedAt"]["gt"])?, text(&either.get(1)?["and"][1]["id"]["gt"])?);
    Some(Bound::Excluded((time, id)))
}

/// A request as it came.
struct Request {
    head: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    /// The next request of a connection; `None` at its end.
    fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            head.push(line.to_owned());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok(Some(Self { head, body }))
    }

    /// The filter, where this asks for the list of cases.
    fn list_of_cases(&self) -> Option<Value> {
        let target = self.head.first()?.strip_prefix("GET ")?.split(' ').next()?;
        let (path, query) = target.split_once('?')?;
        if !path.starts_with("/api/outbreaks/") || !path.ends_with("/cases") {
            return None;
        }
        let filter = query.split('&').find_map(|argument| argument.strip_prefix("filter="))?;
        serde_json::from_slice(&decoded(filter)).ok()
    }

    /// Lets the server behind answer, on a connection that ends with the answer.
    fn give_on(&self, behind: &str, mut writer: &TcpStream) -> io::Result<()> {
        let mut server = TcpStream::connect(behind)?;
        let kept = self.head.iter().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
        let mut head: Vec<&str> = kept.map(String::as_str).collect();
        head.extend(["connection: close", "", ""]);
        server.write_all(head.join("\r\n").as_bytes())?;
        server.write_all(&self.body)?;
        io::copy(&mut server, &mut writer)?;
        writer.shutdown(std::net::Shutdown::Both)
    }
}

/// A percent-encoded argument.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let hex = after.get(..2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_follow_each_other_without_a_gap() {
        let canned = Canned::default();
        for (at, id) in [("1", "a"), ("1", "b"), ("2", "a2")] {
            canned.put(None, at.to_owned(), id.to_owned(), format!("\"{id}\""));
        }
        let body = |condition: Value| {
            let page = String::from_utf8(canned.page(&json!({ "where": condition, "limit": 2 }))).expect("it is text");
            let (head, body) = page.split_once("\r\n\r\n").expect("there is a head");
            assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}\n{body}");
            body.to_owned()
        };
        assert_eq!(body(json!({ "updatedAt": { "gte": "0" } })), r#"["a","b"]"#);
        let behind = |time: &str, id: &str| json!({ "or": [{ "updatedAt": { "gt": time } }, { "and": [{ "updatedAt": time }, { "id": { "gt": id } }] }] });
        assert_eq!(body(behind("1", "b")), r#"["a2"]"#);
        assert_eq!(body(behind("2", "a2")), "[]");
        canned.put(Some("1"), "3".to_owned(), "a".to_owned(), "\"a\"".to_owned());
        assert_eq!(body(behind("1", "b")), r#"["a2","a"]"#);
    }

    #[test]
    fn arguments_are_decoded() {
        assert_eq!(decoded("%7B%22a%22:+1%7D"), br#"{"a": 1}"#);
    }
}
