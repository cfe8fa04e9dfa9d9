//! Bodies of imports: which form they have, and what is inside when they were packed.

use std::borrow::Cow;
use std::io::{Cursor, Read as _, Write as _};

use super::super::error::{Error, Result};
use crate::server::Request;

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Xml,
    Adx,
    Csv,
}

impl Form {
    /// By `Content-Type`; 415 for all that the server does not take.
    pub fn of(request: &Request) -> Result<Self> {
        let kind = request.header("content-type").unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" => Ok(Self::Json),
            "application/xml" => Ok(Self::Xml),
            "application/adx+xml" => Ok(Self::Adx),
            "application/csv" => Ok(Self::Csv),
            "application/pdf" => Err(Error::not_simulated("data values in a PDF form")),
            _ => Err(Error::media_type(kind)),
        }
    }
}

/// The text of a body. Gzip and zip are known by their first bytes, whatever the headers say.
pub fn text(body: &[u8]) -> std::result::Result<String, String> {
    let unpacked: Cow<'_, [u8]> = if body.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(body).read_to_end(&mut unpacked).map_err(|error| error.to_string())?;
        unpacked.into()
    } else if body.starts_with(b"PK\x03\x04") {
        let mut archive = zip::ZipArchive::new(Cursor::new(body)).map_err(|error| error.to_string())?;
        let mut unpacked = Vec::new();
        let mut first = archive.by_index(0).map_err(|error| error.to_string())?;
        first.read_to_end(&mut unpacked).map_err(|error| error.to_string())?;
        unpacked.into()
    } else {
        body.into()
    };
    let text = std::str::from_utf8(&unpacked).map_err(|error| error.to_string())?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
}

/// A document packed with gzip.
pub fn gzip(document: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(document).expect("writing into a Vec cannot fail");
    encoder.finish().expect("writing into a Vec cannot fail")
}

/// A document as the only file of a zip archive.
pub fn zipped(document: &[u8], name: &str) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("writing into a Vec cannot fail");
    archive.write_all(document).expect("writing into a Vec cannot fail");
    archive.finish().expect("writing into a Vec cannot fail").into_inner()
}
