//! What a simulator was asked, request by request, without any payload.

use std::sync::Mutex;

/// One request as the simulator saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Number of the request since the simulator started, from 1.
    pub n: u64,
    /// When it arrived: milliseconds since 1970 on the simulator's clock.
    pub at: i64,
    /// `GET`, `POST` ...
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query as sent, with an access token blanked out.
    pub query: String,
    /// Status of the answer; 0 while there is none, and for ever when the connection was dropped.
    pub status: u16,
    /// Size of the request's body.
    pub body_bytes: usize,
    /// How many records it wrote.
    pub records: usize,
    /// Which people and records of people it wrote, by id: created, changed or deleted, as its method says.
    pub ids: Vec<String>,
    /// How long after its arrival it took effect, in milliseconds on the simulator's clock.
    pub after: i64,
    /// Whether it reached the simulated system at all, so that it could have an effect.
    pub applied: bool,
    /// Whether its kind of request can write records (a login or a search by POST cannot).
    pub write: bool,
    /// The fault that it met.
    pub fault: Option<String>,
}

/// The requests in the order of their arrival.
#[derive(Debug, Default)]
pub struct Log {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    entries: Vec<Entry>,
}

impl Log {
    /// Notes the arrival of a request and gives it its number.
    pub(crate) fn arrive(&self, mut entry: Entry) -> u64 {
        let mut inner = self.lock();
        inner.last += 1;
        entry.n = inner.last;
        inner.entries.push(entry);
        inner.last
    }

    /// Completes what is known about request `n`; nothing happens when the log was cleared meanwhile.
    pub(crate) fn amend(&self, n: u64, change: impl FnOnce(&mut Entry)) {
        let mut inner = self.lock();
        if let Ok(position) = inner.entries.binary_search_by_key(&n, |entry| entry.n) {
            change(&mut inner.entries[position]);
        }
    }

    /// All requests.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// Requests that are not a GET and can reach records, whether or not they were applied.
    pub fn writes(&self) -> Vec<Entry> {
        self.lock().entries.iter().filter(|entry| entry.write).cloned().collect()
    }

    /// How many requests have this method and a path that fits the pattern (`*` is any text).
    pub fn count(&self, method: &str, path_pattern: &str) -> usize {
        self.lock().entries.iter().filter(|entry| entry.method == method && glob(path_pattern, &entry.path)).count()
    }

    /// How many requests there are.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything; the numbers go on.
    pub fn clear(&self) {
        self.lock().entries.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text, also with slashes.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_is_any_text() {
        let check = |pattern: &str, text: &str, expected: bool| assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        check("/api/users", "/api/users", true);
        check("/api/users", "/api/users/1", false);
        check("*", "", true);
        check("/api/*/cases", "/api/outbreaks/x/cases", true);
        check("/api/*/cases", "/api/outbreaks/x/cases/1", false);
        check("*/cases*", "/api/outbreaks/x/cases/bulk", true);
        check("*a*b*c", "a-b-c", true);
        check("*a*b*c", "a-b", false);
    }
}
