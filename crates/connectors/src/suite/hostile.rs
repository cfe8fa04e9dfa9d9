//! Texts, keys and elements that have broken software before.

use super::Sample;

/// Samples whose texts must come through unchanged.
pub fn samples() -> Vec<Sample> {
    let long = "0123456789".repeat(10 << 10);
    let texts = [
        "plain",
        "مرحبا بالعالم \u{202e}abc\u{202c}",
        "👩🏽‍⚕️🌍",
        "e\u{301}a\u{308}o\u{31b}\u{323}",
        "\"quoted\" 'single' `back`",
        "a,b;c\td|e",
        "first\nsecond",
        "C:\\path\\n \\u0041 \\",
        "</script><b>&amp;%20%00+",
        "null",
        "NaN",
        "007",
        "1e5",
        "2026-02-30",
        "{\"a\": [1]}",
        "\u{fffd}\u{feff}x",
        long.as_str(),
    ];
    texts.iter().enumerate().map(|(position, text)| Sample { id: format!("record-{position:02}"), text: (*text).to_owned() }).collect()
}

/// Keys that must be found again, each exactly and only itself.
pub const KEYS: [&str; 12] =
    ["plain", "PLAIN-2", "a b", "a/b", "a.c", "abc", "100%", "x\"y'z", "(a|b)*+?[c]^$", "{\"or\": []}", "é🌍", "a\\d"];

/// Elements that must come through to the byte.
pub const ELEMENTS: [&str; 9] = [
    r#"{"id":"1","a key":1,"a.b":2,"a/b":3,"":4,"é":5}"#,
    r#"{"id":"2","twice":1,"twice":2}"#,
    r#"{"id":"3","null":null,"empty":"","list":[],"object":{}}"#,
    r#"{"id":"4","n":1.0,"big":123456789012345678901234567890,"e":1E+2}"#,
    r#"{"id":"5","deep":[[[[[[[[[[[[[[[[[[[[{"a":{"b":{"c":[1]}}}]]]]]]]]]]]]]]]]]]]]}"#,
    r#"{"id":"6","brackets":"]}[{\"\\","escaped":"\u00e9\ud83c\udf0d"}"#,
    r#"{ "id" : "7" , "spaces" : [ 1 , 2 ] }"#,
    r#"{"no identity":true}"#,
    r#"{"id":null}"#,
];
