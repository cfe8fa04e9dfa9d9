//! What may be shown of an address.

use reqwest::Url;

/// An address without its password and without the values of its query: `https://host/api/cases?filter=…`.
pub fn shown(url: &Url) -> String {
    let mut text = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        text.push(':');
        text.push_str(&port.to_string());
    }
    text.push_str(url.path());
    for (position, (name, _)) in url.query_pairs().enumerate() {
        text.push(if position == 0 { '?' } else { '&' });
        text.push_str(&name);
        text.push_str("=…");
    }
    text
}
