//! The bytes of a document, with their lines counted and their pieces limited.

use std::io::{self, BufRead, Read};

/// No tag and no text is longer.
pub const LIMIT: usize = 8 << 20;

/// Counts lines, and stops a piece that does not end.
#[derive(Debug)]
pub struct Counted<R> {
    inner: R,
    /// The line of the next byte, from 1.
    line: u64,
    /// How many bytes were taken since the last piece began.
    taken: usize,
}

/// The piece that is being read does not end.
#[derive(Debug, thiserror::Error)]
#[error("a tag or a text of the document is longer than 8 MiB")]
pub struct Endless;

impl<R> Counted<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, line: 1, taken: 0 }
    }

    pub fn line(&self) -> u64 {
        self.line
    }

    /// Another piece begins.
    pub fn begin(&mut self) {
        self.taken = 0;
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(out.len());
        out[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken > LIMIT {
            return Err(io::Error::other(Endless));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        if length == 0 {
            return;
        }
        // What was filled is still there: this only looks at it again.
        if let Ok(available) = self.inner.fill_buf() {
            let newlines = memchr::memchr_iter(b'\n', &available[..length.min(available.len())]).count();
            self.line += newlines as u64;
        }
        self.taken += length;
        self.inner.consume(length);
    }
}
