use kivuko_core::connector::{Action, Key, Obstacle, Target, TargetSpec, Write};
use kivuko_core::record::Page;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::reading::{check_with, line, pages, system};
use super::writing::{create, told, write};

fn tree() -> Value {
    json!({ "tree": { "record": "location", "children": "children", "parent": "parentLocationId" } })
}

fn roots_of_strangers() -> Value {
    json!({ "tree": { "record": "location", "children": "children", "parent": "parentLocationId", "unknown_parent": "root" } })
}

async fn check(content: &'static str, expected: &str) {
    check_with("a.json", content.as_bytes(), tree(), expected).await;
}

#[tokio::test]
async fn each_node_is_a_record_below_its_parent() {
    check(
        r#"[ {"location": {"id":"S","parentLocationId":null}, "children": [
               {"location": {"id":"N","n": 1.50},"children":[{"location":{"id":"K","parentLocationId":"N"}}]},
               {"location": {"id":"E","parentLocationId":""},"children":[]}], "populationDensity": 0},
             {"location": {"id":"G","parentLocationId":"elsewhere"},"children":null} ]"#,
        r#"a.json, node 1 [S] {"id":"S","parentLocationId":null}
           a.json, node 2 [N] {"id":"N","n":1.5,"parentLocationId":"S"}
           a.json, node 3 [K] {"id":"K","parentLocationId":"N"}
           a.json, node 4 [E] {"id":"E","parentLocationId":"S"}
           a.json, node 5 [G] {"id":"G","parentLocationId":"elsewhere"}"#,
    )
    .await;
    check("[]", "").await;
    check_with(
        "a.json",
        br#"{"page": 1, "tree": {"top": [{"unit": {"code": 7}, "below": [{"unit": {"code": 8}}]}]}}"#,
        json!({ "array": "tree.top", "tree": { "record": "unit", "children": "below", "parent": "of", "id": "code" } }),
        "a.json, node 1 [-] {\"code\": 7}\na.json, node 2 [-] {\"code\":8,\"of\":\"7\"}",
    )
    .await;
}

#[tokio::test]
async fn children_may_stand_before_the_record() {
    check(
        r#"[{"children":[{"children":[{"location":{"id":"c"}}],"x":1,"location":{"id":"b"}},{"location":{"id":"d"}}],"location":{"id":"a"}},{"location":{"id":"e"}}]"#,
        r#"a.json, node 1 [a] {"id":"a"}
           a.json, node 2 [b] {"id":"b","parentLocationId":"a"}
           a.json, node 3 [c] {"id":"c","parentLocationId":"b"}
           a.json, node 4 [d] {"id":"d","parentLocationId":"a"}
           a.json, node 5 [e] {"id":"e"}"#,
    )
    .await;
}

#[tokio::test]
async fn a_node_that_is_none_is_told_and_the_others_go_through() {
    check(
        r#"[{"location":{"id":"a"},"children":[null,7,{"children":[{"location":{"id":"c"}},{"location":{"id":"d","parentLocationId":"b"}}]},
             {"location":{"id":"e","parentLocationId":"x"},"children":[{"location":{"id":"f"}}]},{"location":[]},{"location":{"id":}},{"location":{"id":"g"}}]}]"#,
        r#"a.json, node 1 [a] {"id":"a"}
           a.json, node 2 [-] K0745
           a.json, node 3 [-] K0745
           a.json, node 4 [-] K0745
           a.json, node 5 [-] K0745 parentLocationId
           a.json, node 6 [d] {"id":"d","parentLocationId":"b"}
           a.json, node 7 [-] K0744 parentLocationId
           a.json, node 8 [-] K0745 parentLocationId
           a.json, node 9 [-] K0717
           a.json, node 10 [-] K0717
           a.json, node 11 [g] {"id":"g","parentLocationId":"a"}"#,
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_told_apart_stops_the_reading() {
    check(r#"{"location": {}}"#, "K0716").await;
    check(r#"[{"location":{"id":"a"},"children":{"location":{"id":"b"}}}]"#, "K0716").await;
    check(r#"[{"location":{"id":"a"},"children":[],"children":[{"location":{"id":"b"}}]}]"#, "K0716").await;
    check(r#"[{"location":{"id":"a"},"children":[{"location":{"id":"b"}"#, "K0716").await;
    check(r#"[{"location":{"id":"a"} "children":[]}]"#, "K0716").await;
    check("", "K0703").await;
    check_with("a.csv", b"id\n1\n", tree(), "K0715").await;
}

/// From every node on a stopped reading gives exactly the rest.
#[tokio::test]
async fn a_stopped_reading_goes_on_at_every_node() {
    let content = r#"[{"location":{"id":"a"},"children":[{"children":[{"location":{"id":"c"}},null],"location":{"id":"b"}},{"location":{"id":"d"}}]},{"location":{"id":"e"}}]"#;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), content).unwrap();
    let whole = pages(folder.path(), "a.json", Some("id"), &tree(), None, 1).await.unwrap();
    let lines = |pages: &[Page]| -> Vec<String> { pages.iter().flat_map(|page| &page.records).map(line).collect() };
    assert_eq!(whole.len(), 6, "{:?}", lines(&whole));
    for (position, page) in whole.iter().enumerate().take(5) {
        let rest = pages(folder.path(), "a.json", Some("id"), &tree(), Some(page.next.clone()), 2).await.unwrap();
        assert_eq!(lines(&rest), lines(&whole[position + 1..]));
    }
}

fn target(folder: &std::path::Path, options: Value) -> Box<dyn Target> {
    let spec = TargetSpec {
        resource: "a.json".to_owned(),
        key: vec!["id".to_owned()],
        paths: vec!["id".to_owned(), "name".to_owned(), "parentLocationId".to_owned()],
        accept_duplicates: false,
        scope: None,
        options,
    };
    system(folder, json!({ "path": "." })).target(&spec).unwrap()
}

async fn put(before: &str, options: Value, batch: &[Write], answers: &[&str], after: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    if !before.is_empty() {
        std::fs::write(&file, before).unwrap();
    }
    let target = target(folder.path(), options);
    assert_eq!(target.prepare().await.unwrap(), []);
    assert_eq!(told(&target.write(batch).await.unwrap()), answers);
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(found, after);
    target.write(batch).await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), found, "the batch was written twice");
}

fn place(id: &str, name: &str, parent: &str) -> Value {
    json!({ "id": id, "name": name, "parentLocationId": if parent.is_empty() { Value::Null } else { parent.into() } })
}

fn new(id: &str, name: &str, parent: &str) -> Write {
    create(id, place(id, name, parent))
}

#[tokio::test]
async fn parents_stand_before_children_and_children_by_name() {
    let batch = [
        new("k2", "Kailahun", "e"),
        new("e", "Eastern", "s"),
        new("k1", "Kailahun", "e"),
        new("s", "Sierra Leone", ""),
        new("b", "Bo", "s"),
    ];
    put(
        "",
        tree(),
        &batch,
        &["done k2", "done e", "done k1", "done s", "done b"],
        r#"[
{"location":{"id":"s","name":"Sierra Leone","parentLocationId":null},"children":[
{"location":{"id":"b","name":"Bo","parentLocationId":"s"},"children":[]},
{"location":{"id":"e","name":"Eastern","parentLocationId":"s"},"children":[
{"location":{"id":"k1","name":"Kailahun","parentLocationId":"e"},"children":[]},
{"location":{"id":"k2","name":"Kailahun","parentLocationId":"e"},"children":[]}
]}
]}
]
"#,
    )
    .await;
    put(
        "",
        tree(),
        &[create("s", json!({ "id": "s" }))],
        &["done s"],
        "[\n{\"location\":{\"id\":\"s\",\"parentLocationId\":null},\"children\":[]}\n]\n",
    )
    .await;
}

#[tokio::test]
async fn what_the_batch_does_not_name_stays_as_it_stands() {
    put(
        r#"[{"location":{"name":"S", "id":"s"},"children":[{"location":{"id":"b"  },"x":{"y":1}},{"location":{"id":"a","name":"A"},"children":[{"location":{"id":"c"}}]}],"populationDensity":0}]"#,
        tree(),
        &[write(Action::Update, "b", json!({ "name": "B", "parentLocationId": "a" })), new("d", "D", "s"), write(Action::Delete, "c", Value::Null)],
        &["done b", "done d", "done c"],
        r#"[
{"location":{"name":"S", "id":"s"},"children":[
{"location":{"id":"a","name":"A"},"children":[
{"location":{"id":"b","name":"B","parentLocationId":"a"},"children":[],"x":{"y":1}}
]},
{"location":{"id":"d","name":"D","parentLocationId":"s"},"children":[]}
],"populationDensity":0}
]
"#,
    )
    .await;
}

/// An update that does not name the parent leaves a record where it stands, also one whose parent only its place tells; one target after another, and twice with one.
#[tokio::test]
async fn a_record_stays_below_the_parent_that_its_place_gives_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    std::fs::write(&file, r#"[{"location":{"id":"s"},"children":[{"location":{"id":"a"},"children":[{"location":{"id":"b"}}]}]}]"#)
        .unwrap();
    let target = target(folder.path(), tree());
    for (id, name) in [("a", "A"), ("b", "B"), ("a", "AA")] {
        let found = target.lookup(&[Key(vec![id.to_owned()])]).await.unwrap();
        assert_eq!(found[0][0].body["parentLocationId"], if id == "a" { "s" } else { "a" });
        assert_eq!(told(&target.write(&[write(Action::Update, id, json!({ "name": name }))]).await.unwrap()), [format!("done {id}")]);
    }
    let after = r#"[
{"location":{"id":"s"},"children":[
{"location":{"id":"a","name":"AA","parentLocationId":"s"},"children":[
{"location":{"id":"b","name":"B","parentLocationId":"a"},"children":[]}
]}
]}
]
"#;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), after);
    // What another program wrote meanwhile is read.
    std::fs::write(&file, r#"[{"location":{"id":"s"},"children":[{"location":{"id":"c"}}]}]"#).unwrap();
    let found = target.lookup(&["a", "c"].map(|id| Key(vec![id.to_owned()]))).await.unwrap();
    assert_eq!((found[0].len(), found[1].len()), (0, 1));
    assert_eq!(told(&target.write(&[new("d", "D", "c")]).await.unwrap()), ["done d"]);
    assert!(std::fs::read_to_string(&file).unwrap().contains("{\"location\":{\"id\":\"c\"},\"children\":[\n{"));
}

#[tokio::test]
async fn what_finds_no_place_is_refused_and_what_rests_on_it() {
    let before = "[\n{\"location\":{\"id\":\"s\",\"name\":\"S\",\"parentLocationId\":null},\"children\":[\n{\"location\":{\"id\":\"a\",\"name\":\"A\",\"parentLocationId\":\"s\"},\"children\":[]}\n]}\n]\n";
    let lonely = [new("c", "C", "b"), new("b", "B", "nowhere"), new("d", "D", "c")];
    put(before, tree(), &lonely, &["K0743 parentLocationId", "K0743 parentLocationId", "K0743 parentLocationId"], before).await;
    // A parent with children does not go, nor does it take another id; a leaf does.
    put(before, tree(), &[write(Action::Delete, "s", Value::Null)], &["K0746"], before).await;
    put(before, tree(), &[write(Action::Update, "s", json!({ "parentLocationId": "a" }))], &["K0747 parentLocationId"], before).await;
    put(before, tree(), &[write(Action::Update, "s", json!({ "parentLocationId": "s" }))], &["K0747 parentLocationId"], before).await;
    put(before, tree(), &[write(Action::Deactivate, "a", Value::Null)], &["K0403"], before).await;
    let both = [write(Action::Delete, "s", Value::Null), write(Action::Delete, "a", Value::Null)];
    put(before, tree(), &both, &["done s", "done a"], "[\n]\n").await;
    // What stands beside a refusal is written.
    put(
        before,
        tree(),
        &[new("c", "C", "nowhere"), write(Action::Delete, "s", Value::Null), write(Action::Update, "a", json!({ "name": "B" }))],
        &["K0743 parentLocationId", "K0746", "done a"],
        &before.replace("\"A\"", "\"B\""),
    )
    .await;
    // Two that change places do, two that stand below each other do not.
    put(
        before,
        tree(),
        &[write(Action::Update, "s", json!({ "parentLocationId": "a" })), write(Action::Update, "a", json!({ "parentLocationId": null }))],
        &["done s", "done a"],
        "[\n{\"location\":{\"id\":\"a\",\"name\":\"A\",\"parentLocationId\":null},\"children\":[\n{\"location\":{\"id\":\"s\",\"name\":\"S\",\"parentLocationId\":\"a\"},\"children\":[]}\n]}\n]\n",
    )
    .await;
    put(before, tree(), &[new("x", "X", "y"), new("y", "Y", "x")], &["K0747 parentLocationId", "K0747 parentLocationId"], before).await;
    // A parent that is where the file is imported.
    put(
        "",
        roots_of_strangers(),
        &[new("b", "B", "elsewhere"), new("c", "C", "b")],
        &["done b", "done c"],
        "[\n{\"location\":{\"id\":\"b\",\"name\":\"B\",\"parentLocationId\":\"elsewhere\"},\"children\":[\n{\"location\":{\"id\":\"c\",\"name\":\"C\",\"parentLocationId\":\"b\"},\"children\":[]}\n]}\n]\n",
    )
    .await;
}

/// As Go.Data wants it: no two of one parent with one name or a synonym in common.
fn apart(unknown_parent: &str) -> Value {
    json!({ "tree": {
        "record": "location", "children": "children", "parent": "parentLocationId", "siblings_differ_in": ["name", "synonyms"],
        "unknown_parent": unknown_parent,
    } })
}

fn called(id: &str, name: &str, synonym: &str, parent: &str) -> Write {
    let mut body = place(id, name, parent);
    body["synonyms"] = json!([synonym]);
    create(id, body)
}

#[tokio::test]
async fn siblings_of_one_name_are_refused_and_what_rests_on_them() {
    let before = "[\n{\"location\":{\"id\":\"s\",\"name\":\"S\",\"parentLocationId\":null},\"children\":[\n{\"location\":{\"id\":\"a\",\"name\":\"Kori\",\"parentLocationId\":\"s\"},\"children\":[]}\n]}\n]\n";
    // Who is there has the name, whatever its capitals; elsewhere it is free.
    let batch = [new("b", "KORI", "s"), new("c", "Post", "b"), new("d", "Kori", "")];
    let top = before.replace(
        "[\n{\"location\":{\"id\":\"s\"",
        "[\n{\"location\":{\"id\":\"d\",\"name\":\"Kori\",\"parentLocationId\":null},\"children\":[]},\n{\"location\":{\"id\":\"s\"",
    );
    let answers = ["K0947 name", "K0743 parentLocationId", "done d"];
    for unknown_parent in ["reject", "root"] {
        put(before, apart(unknown_parent), &batch, &answers, &top).await;
    }
    // Of those that come the first has it; a synonym is another thing than a name.
    let line = |id: &str, name: &str, synonym: &str| {
        format!(
            "{{\"location\":{{\"id\":\"{id}\",\"name\":\"{name}\",\"parentLocationId\":null,\"synonyms\":[\"{synonym}\"]}},\"children\":[]}}"
        )
    };
    put(
        "",
        apart("reject"),
        &[called("x", "Bandu", "BD", ""), called("y", "Bo", "bd", ""), called("z", "BD", "Bandu", "")],
        &["done x", "K0947 synonyms", "done z"],
        &format!("[\n{},\n{}\n]\n", line("z", "BD", "Bandu"), line("x", "Bandu", "BD")),
    )
    .await;
    // A name that is given up in the same batch is free, and two may swap; who is refused keeps the old one, and so does who wanted that.
    let three = |names: [(&str, &str); 3]| {
        let line =
            |(id, name)| format!("{{\"location\":{{\"id\":\"{id}\",\"name\":\"{name}\",\"parentLocationId\":null}},\"children\":[]}}");
        format!("[\n{}\n]\n", names.map(line).join(",\n"))
    };
    let before = three([("a", "a"), ("b", "b"), ("c", "c")]);
    let rename = |id: &str, name: &str| write(Action::Update, id, json!({ "name": name }));
    let swapped = three([("b", "A"), ("a", "B"), ("c", "c")]);
    put(&before, apart("reject"), &[rename("a", "B"), rename("b", "A")], &["done a", "done b"], &swapped).await;
    put(&before, apart("reject"), &[rename("a", "B"), rename("b", "C")], &["K0947 name", "K0947 name"], &before).await;
}

/// What a plan would have made of the tree by then: parents go by stand-ins, names are given once, and the file stays as it is.
#[tokio::test]
async fn what_would_be_refused_is_foreseen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let before = r#"[{"location":{"id":"s","name":"S"},"children":[{"location":{"id":"a","name":"Kori"}}]}]"#;
    std::fs::write(&file, before).unwrap();
    let target = target(folder.path(), apart("reject"));
    let planned = |id: &str, name: &str, parent: &str| Write { id: Some(format!("(new: record of {id})")), ..new(id, name, parent) };
    let codes = |obstacles: Vec<Option<Obstacle>>| {
        let code = |obstacle| match obstacle {
            Some(Obstacle::Refused(cause)) => cause.code.to_string(),
            Some(Obstacle::NotYet(cause)) => format!("waits {}", cause.code),
            None => String::new(),
        };
        obstacles.into_iter().map(code).collect::<Vec<_>>()
    };
    let first = [planned("n", "New", "s"), planned("k", "KORI", "s")];
    assert_eq!(codes(target.foresee(&first).await.unwrap()), ["", "K0947"]);
    let second = [planned("x", "Post", "(new: record of n)"), planned("y", "post", "(new: record of n)"), planned("z", "Post", "a")];
    assert_eq!(codes(target.foresee(&second).await.unwrap()), ["", "K0947", ""]);
    let freed = [write(Action::Update, "a", json!({ "name": "Old Kori" }))];
    assert_eq!(codes(target.foresee(&freed).await.unwrap()), [""]);
    assert_eq!(codes(target.foresee(&[planned("k", "KORI", "s")]).await.unwrap()), [""]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
}

#[tokio::test]
async fn a_parent_keeps_the_id_that_its_children_name() {
    let before = r#"[{"location":{"id":"s","code":"S"},"children":[{"location":{"id":"a","code":"A"}}]}]"#;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), before).unwrap();
    let spec = TargetSpec {
        resource: "a.json".to_owned(),
        key: vec!["code".to_owned()],
        paths: Vec::new(),
        accept_duplicates: false,
        scope: None,
        options: tree(),
    };
    let target = system(folder.path(), json!({ "path": "." })).target(&spec).unwrap();
    let update = |code: &str, id: &str| Write { key: Key(vec![code.to_owned()]), ..write(Action::Update, code, json!({ "id": id })) };
    assert_eq!(told(&target.write(&[update("S", "t")]).await.unwrap()), ["K0746 id"]);
    assert_eq!(told(&target.write(&[update("A", "s")]).await.unwrap()), ["K0313 id"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("a.json")).unwrap(), before);
    // With its children, which name the new one.
    let child = Write { key: Key(vec!["A".to_owned()]), ..write(Action::Update, "A", json!({ "parentLocationId": "t" })) };
    assert_eq!(told(&target.write(&[child, update("S", "t")]).await.unwrap()), ["done A", "done S"]);
    let found = target.lookup(&[Key(vec!["A".to_owned()]), Key(vec!["B".to_owned()])]).await.unwrap();
    assert_eq!(found[0][0].body, json!({ "code": "A", "id": "a", "parentLocationId": "t" }));
    assert!(found[1].is_empty());
}

#[tokio::test]
async fn a_file_that_cannot_be_told_is_not_rewritten() {
    for before in [
        r#"[{"location":{"id":"s"},"children":[null]}]"#,
        r#"[{"children":[]}]"#,
        r#"[{"location":{"id":"s"},"children":[{"location":{"id":"a","parentLocationId":"b"}}]}]"#,
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.json"), before).unwrap();
        let error = target(folder.path(), tree()).write(&[new("x", "X", "")]).await.expect_err("it cannot be told");
        assert_eq!(error.cause.code.to_string(), "K0720", "{before}");
        assert_eq!(std::fs::read_to_string(folder.path().join("a.json")).unwrap(), before);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any tree, fifty levels deep, given in any order and in several batches, is read back whole, each parent before its children.
    #[test]
    fn what_is_written_is_read_again(parents in prop::collection::vec(prop::option::weighted(0.95, 0..60usize), 1..60), chain: bool, turn in 0..60usize, cut in 1..60usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut all: Vec<Write> = parents.iter().enumerate().map(|(place, parent)| {
            let above = match parent {
                Some(_) if chain && place > 0 => format!("n{}", place - 1),
                Some(parent) if place > 0 => format!("n{}", parent % place),
                _ => String::new(),
            };
            new(&format!("n{place}"), &format!("\"é{}", place % 7), &above)
        }).collect();
        // Parents in the first batch, so that none is unknown; within a batch in any order.
        let later = all.split_off(cut.min(all.len()));
        let turn = turn % all.len();
        all.rotate_left(turn);
        runtime.block_on(async {
            let target = target(folder.path(), tree());
            for batch in [&all, &later] {
                let answers = told(&target.write(batch).await.unwrap());
                assert!(answers.iter().all(|answer| answer.starts_with("done")), "{answers:?}");
            }
            let found: Vec<Value> = pages(folder.path(), "a.json", Some("id"), &tree(), None, 7).await.unwrap().iter().flat_map(|page| &page.records)
                .map(|record| serde_json::from_slice(record.body.as_ref().unwrap()).unwrap()).collect();
            let mut seen = std::collections::HashMap::new();
            for record in &found {
                let parent = &record["parentLocationId"];
                assert!(parent.is_null() || seen.contains_key(parent.as_str().unwrap()), "{parent} comes after its child");
                seen.insert(record["id"].as_str().unwrap().to_owned(), record.clone());
            }
            assert_eq!(seen.len(), all.len() + later.len());
            for write in all.iter().chain(&later) {
                assert_eq!(seen[&write.key.0[0]], *write.body);
            }
        });
    }
}
