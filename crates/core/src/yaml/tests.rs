use schemars::JsonSchema;
use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Boat {
    /// Its name.
    name: String,
    #[serde(default)]
    seats: Option<u32>,
    #[serde(default)]
    flag: Option<Colour>,
    #[serde(default)]
    ports: Vec<Port>,
    #[serde(default)]
    cargo: Option<Cargo>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Colour {
    /// Red.
    Red,
    /// Green.
    Green,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Port {
    name: String,
    open: bool,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Cargo {
    Word(Colour),
    Full(Port),
}

fn check(text: &str, expected: &[&str]) {
    let mut problems = Vec::new();
    let read = read::<Boat>("boat.yaml", text.as_bytes(), &mut problems);
    let found: Vec<String> = problems
        .iter()
        .map(|problem| {
            let mut line = format!("{} {} {}", problem.place, problem.code, problem.message);
            if let Some(expected) = &problem.expected {
                line.extend([" | ", expected]);
            }
            if let Some(nearest) = &problem.nearest {
                line.extend([" | ", nearest, "?"]);
            }
            line
        })
        .collect();
    assert_eq!(found, expected, "{text}");
    assert_eq!(read.value.is_none(), !problems.is_empty(), "{text}");
}

#[test]
fn everything_wrong_is_found_with_its_place() {
    check("name: Ferry\nseats: 20\nflag: red\nports: [{ name: A, open: true }]\ncargo: green\n", &[]);
    check("name: 2026\n", &[]);
    check("name: Ferry\nflag: ~\nseats:\n", &[]);
    check("", &["boat.yaml:1:1 K0104 the key `name` is missing | `name:` Its name"]);
    check(
        "nam: Ferry\nseats: many\nflag: rde\n",
        &[
            "boat.yaml:1:1 K0102 unknown key `nam` | one of `cargo`, `flag`, `name`, `ports`, `seats` | name?",
            "boat.yaml:2:8 K0103 `seats` is a text | a whole number",
            "boat.yaml:3:7 K0112 `flag` cannot be `rde` | one of `red`, `green` | red?",
            "boat.yaml:1:1 K0104 the key `name` is missing | `name:` Its name",
        ],
    );
    check(
        "name: [a]\nports:\n  - name: A\n  - { name: B, opn: true, open: 1 }\n  - C\n",
        &[
            "boat.yaml:1:7 K0103 `name` is a list | a text",
            "boat.yaml:3:5 K0104 `ports[0]` lacks the key `open`",
            "boat.yaml:4:16 K0102 unknown key `opn` in `ports[1]` | one of `name`, `open` | open?",
            "boat.yaml:4:33 K0103 `ports[1].open` is a number | true or false",
            "boat.yaml:5:5 K0103 `ports[2]` is a text | a mapping of `key: value`",
        ],
    );
    check("name: Ferry\nseats: -1\n", &["boat.yaml:2:8 K0112 `seats` is -1 | at least 0"]);
    check("name: Ferry\ncargo: blue\n", &["boat.yaml:2:8 K0112 `cargo` cannot be `blue` | one of `red`, `green`"]);
    check("name: Ferry\ncargo: { name: A }\n", &["boat.yaml:2:8 K0104 `cargo` lacks the key `open`"]);
    check(
        "name: Ferry\ncargo: [red]\n",
        &["boat.yaml:2:8 K0103 `cargo` is a list | one of `red`, `green`, or a mapping with one of `name`, `open`"],
    );
}

#[test]
fn yaml_itself() {
    check(
        "name: Ferry\nname: Boat\n",
        &["boat.yaml:2:1 K0105 the key `name` is written twice; the first one is in line 1 | each key once"],
    );
    check("name: &n Ferry\nports:\n  - &p { name: *n, open: true }\n  - *p\n", &[]);
    check("name: 'Ferry\n", &["boat.yaml:1:7 K0101 this is not YAML: while scanning a quoted scalar, found unexpected end of stream"]);
    check("a: 1\n---\nb: 2\n", &["boat.yaml:3:1 K0101 a second document begins here | one document in a file, without `---` between"]);
    check("- a\n", &["boat.yaml:1:1 K0103 the file is a list | a mapping of `key: value`"]);
    let bomb = format!(
        "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n{}name: x\n",
        (1..9).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(","))).collect::<Vec<_>>().concat()
    );
    let mut problems = Vec::new();
    parse("bomb.yaml", bomb.as_bytes(), &mut problems);
    assert!(problems.iter().any(|problem| problem.message.contains("stand for more than")), "{problems:?}");
}

#[test]
fn an_overlay_keeps_the_places_of_what_it_leaves() {
    let mut problems = Vec::new();
    let mut base = parse("kivuko.yaml", b"systems:\n  a: { url: x, user: u }\n", &mut problems).expect("it is YAML");
    let over = parse("environments/test.yaml", b"systems:\n  a:\n    url: y\n", &mut problems).expect("it is YAML");
    base.overlay(over);
    assert_eq!(base.to_value(), serde_json::json!({ "systems": { "a": { "url": "y", "user": "u" } } }));
    assert_eq!(base.place(&["systems", "a", "url"]).to_string(), "environments/test.yaml:3:10");
    assert_eq!(base.place(&["systems", "a", "user"]).to_string(), "kivuko.yaml:2:22");
}
