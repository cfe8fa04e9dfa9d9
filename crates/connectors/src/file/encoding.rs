//! Which encoding a file is in, and its text as UTF-8.
//!
//! The byte order mark says it, else the flow, else the file is UTF-8 from the first to the last byte; otherwise a person has to say it. Bytes
//! that the encoding does not have are handed on as `0xFF`, which no UTF-8 holds, so that the row they are in can be told.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use kivuko_core::catalogue::file as codes;
use kivuko_core::error::Error;

use super::errors;

/// Stands for bytes that the encoding does not have.
pub const BROKEN: u8 = 0xFF;
/// The bytes that windows-1252 leaves undefined. The web's decoder makes control characters of them; in a file of people they are damage.
const UNDEFINED_1252: [u8; 5] = [0x81, 0x8D, 0x8F, 0x90, 0x9D];
const CHUNK: usize = 256 * 1024;

/// The encoding of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    pub encoding: &'static Encoding,
    /// How many bytes the byte order mark takes.
    pub mark: usize,
}

/// The encoding of that name.
pub fn named(name: &str) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(name.trim().as_bytes())?;
    (encoding != encoding_rs::REPLACEMENT && encoding != encoding_rs::X_USER_DEFINED).then_some(encoding)
}

/// The name of an encoding as it is written in a flow.
pub fn name(encoding: &'static Encoding) -> String {
    encoding.name().to_lowercase()
}

/// Finds the encoding of a file.
pub fn find(path: &Path, file: &str, declared: Option<&'static Encoding>) -> Result<Form, Error> {
    let broken = |error: io::Error| errors::unreadable(file, &error);
    let mut handle = File::open(path).map_err(broken)?;
    let mut head = [0u8; 3];
    let filled = read_full(&mut handle, &mut head).map_err(broken)?;
    if let Some((marked, mark)) = Encoding::for_bom(&head[..filled]) {
        if let Some(said) = declared.filter(|said| *said != marked) {
            return Err(Error::configuration(
                codes::OPTION_UNFIT,
                format!(
                    "{file} begins with the mark of {}, but the flow declares `encoding: {}`; leave `encoding` out or correct it",
                    name(marked),
                    name(said)
                ),
            ));
        }
        return Ok(Form { encoding: marked, mark });
    }
    if let Some(encoding) = declared {
        return Ok(Form { encoding, mark: 0 });
    }
    handle.rewind().map_err(broken)?;
    match first_not_utf8(&mut handle).map_err(broken)? {
        None => Ok(Form { encoding: UTF_8, mark: 0 }),
        Some(at) => Err(undeclared(&mut handle, file, at).map_err(broken)?),
    }
}

/// Where the first byte stands that is not UTF-8.
fn first_not_utf8(handle: &mut File) -> io::Result<Option<u64>> {
    let mut buffer = vec![0u8; CHUNK];
    let (mut kept, mut offset) = (0, 0u64);
    loop {
        let got = read_full(handle, &mut buffer[kept..])?;
        let filled = kept + got;
        if filled == 0 {
            return Ok(None);
        }
        let valid = match std::str::from_utf8(&buffer[..filled]) {
            Ok(_) => filled,
            Err(error) if error.error_len().is_none() && got > 0 => error.valid_up_to(),
            Err(error) => return Ok(Some(offset + error.valid_up_to() as u64)),
        };
        buffer.copy_within(valid..filled, 0);
        kept = filled - valid;
        offset += valid as u64;
    }
}

/// Says which encodings the file can be read in.
fn undeclared(handle: &mut File, file: &str, at: u64) -> io::Result<Error> {
    let from = at.saturating_sub(64 * 1024) & !1;
    handle.seek(SeekFrom::Start(from))?;
    let mut sample = vec![0u8; 1 << 20];
    let filled = read_full(handle, &mut sample)?;
    sample.truncate(filled);
    let fitting = fitting(&sample);
    let advice = if fitting.is_empty() {
        "none of the usual encodings fits either: the file may be a workbook or damaged".to_owned()
    } else {
        format!(
            "its bytes fit {}; declare the right one as `encoding`, or `encoding: utf-8` to reject the rows with wrong bytes",
            fitting.join(", ")
        )
    };
    Ok(Error::configuration(
        codes::ENCODING_UNDECLARED,
        format!("{file} is not UTF-8 (byte {at} is the first that is not) and has no byte order mark; {advice}"),
    ))
}

fn fitting(sample: &[u8]) -> Vec<String> {
    let nuls = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    if even.max(odd) * 8 > sample.len() {
        return vec![name(if odd > even { UTF_16LE } else { UTF_16BE })];
    }
    let usual = ["windows-1252", "windows-1250", "windows-1251", "windows-1256", "gb18030", "shift_jis"];
    let fits = |encoding: &'static Encoding| {
        let sample_fits_1252 = encoding != WINDOWS_1252 || !sample.iter().any(|byte| UNDEFINED_1252.contains(byte));
        let whole = sample.len().saturating_sub(4); // the sample may be cut inside a character
        sample_fits_1252 && encoding.decode_without_bom_handling_and_without_replacement(&sample[..whole]).is_some()
    };
    usual.into_iter().filter_map(named).filter(|encoding| fits(encoding)).map(name).collect()
}

fn read_full(handle: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match handle.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(got) => filled += got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A file as a stream of UTF-8, in a buffer from whose front the reader takes.
pub struct Text {
    file: File,
    decoder: Option<Decoder>,
    strict_1252: bool,
    raw: Vec<u8>,
    buffer: Vec<u8>,
    start: usize,
    /// How far the front of the buffer is from the start of the text.
    offset: u64,
    ended: bool,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("offset", &self.offset).finish_non_exhaustive()
    }
}

impl Text {
    /// Opens the text of a file at an offset that an earlier reading of the same file reported.
    pub fn open(mut file: File, form: Form, offset: u64) -> io::Result<Self> {
        let plain = form.encoding == UTF_8;
        let mut text = Self {
            file: file.try_clone()?,
            decoder: (!plain).then(|| form.encoding.new_decoder_without_bom_handling()),
            strict_1252: form.encoding == WINDOWS_1252,
            raw: if plain { Vec::new() } else { vec![0u8; CHUNK] },
            buffer: Vec::new(),
            start: 0,
            offset: 0,
            ended: false,
        };
        if plain {
            file.seek(SeekFrom::Start(form.mark as u64 + offset))?;
            text.offset = offset;
            return Ok(text);
        }
        // Other encodings are read again from the start: where a character begins cannot be told from the middle of all of them.
        file.seek(SeekFrom::Start(form.mark as u64))?;
        while text.offset < offset {
            if text.rest().is_empty() && !text.fill()? {
                break;
            }
            let wanted = usize::try_from(offset - text.offset).unwrap_or(usize::MAX);
            text.take(wanted.min(text.rest().len()));
        }
        Ok(text)
    }

    /// What is in the buffer.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Whether the buffer ends where the file ends.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// How far the front of the buffer is from the start of the text.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes bytes from the front.
    pub fn take(&mut self, length: usize) {
        self.start += length;
        self.offset += length as u64;
    }

    /// Reads more, as much as is there already, so that a long row costs no more than its length. `false` at the end of the file.
    pub fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let wanted = self.buffer.len() + self.buffer.len().max(CHUNK);
        while self.buffer.len() < wanted && !self.ended {
            self.fill_once()?;
        }
        Ok(true)
    }

    fn fill_once(&mut self) -> io::Result<()> {
        let Some(mut decoder) = self.decoder.take() else {
            let filled = self.buffer.len();
            self.buffer.resize(filled + CHUNK, 0);
            let got = read_full(&mut self.file, &mut self.buffer[filled..])?;
            self.buffer.truncate(filled + got);
            self.ended = got < CHUNK;
            return Ok(());
        };
        let got = read_full(&mut self.file, &mut self.raw)?;
        self.ended = got < self.raw.len();
        let raw = &self.raw[..got];
        if self.strict_1252 {
            let mut pieces = raw.split(|byte| UNDEFINED_1252.contains(byte)).peekable();
            while let Some(piece) = pieces.next() {
                let more = pieces.peek().is_some();
                decode(&mut decoder, piece, self.ended && !more, &mut self.buffer);
                if more {
                    self.buffer.push(BROKEN);
                }
            }
        } else {
            decode(&mut decoder, raw, self.ended, &mut self.buffer);
        }
        self.decoder = Some(decoder);
        Ok(())
    }
}

fn decode(decoder: &mut Decoder, mut raw: &[u8], last: bool, out: &mut Vec<u8>) {
    loop {
        let filled = out.len();
        let room = decoder.max_utf8_buffer_length_without_replacement(raw.len()).unwrap_or(raw.len() * 4 + 16);
        out.resize(filled + room, 0);
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(raw, &mut out[filled..], last);
        out.truncate(filled + written);
        raw = &raw[read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => out.push(BROKEN),
        }
    }
}

/// Writes text in an encoding; the first character that it lacks is given back.
pub fn encode(encoding: &'static Encoding, text: &str, out: &mut Vec<u8>) -> Result<(), char> {
    if encoding == UTF_8 {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    if encoding == UTF_16LE || encoding == UTF_16BE {
        for unit in text.encode_utf16() {
            out.extend_from_slice(&if encoding == UTF_16LE { unit.to_le_bytes() } else { unit.to_be_bytes() });
        }
        return Ok(());
    }
    if encoding == WINDOWS_1252
        && let Some(undefined) =
            text.chars().find(|character| u8::try_from(u32::from(*character)).is_ok_and(|byte| UNDEFINED_1252.contains(&byte)))
    {
        return Err(undefined);
    }
    let mut encoder = encoding.new_encoder();
    let room = encoder.max_buffer_length_from_utf8_without_replacement(text.len()).unwrap_or(text.len() * 4 + 16);
    let filled = out.len();
    out.resize(filled + room, 0);
    let (result, _, written) = encoder.encode_from_utf8_without_replacement(text, &mut out[filled..], true);
    match result {
        encoding_rs::EncoderResult::InputEmpty => {
            out.truncate(filled + written);
            Ok(())
        }
        encoding_rs::EncoderResult::Unmappable(character) => {
            out.truncate(filled);
            Err(character)
        }
        encoding_rs::EncoderResult::OutputFull => {
            out.truncate(filled);
            Err(char::REPLACEMENT_CHARACTER)
        }
    }
}

/// The byte order mark that a file in this encoding begins with, where one is wanted or needed.
pub fn mark(encoding: &'static Encoding, wanted: bool) -> &'static [u8] {
    if encoding == UTF_16LE {
        b"\xFF\xFE"
    } else if encoding == UTF_16BE {
        b"\xFE\xFF"
    } else if encoding == UTF_8 && wanted {
        b"\xEF\xBB\xBF"
    } else {
        b""
    }
}
