//! Indexes of people, questions to a person, and decisions.

use kivuko_core::connector::Identity;
use kivuko_core::people::{Decided, DecisionKind, FoundPerson, PeopleCount, PeoplePage, PersonRow, Review, ReviewCandidate};
use kivuko_core::record::{Cursor, Partition};
use kivuko_core::store::SourceKey;

use super::{Open, at, begin, link, page, sent, texts};

fn person(id: &str, keys: &[i64]) -> PersonRow {
    PersonRow { id: id.to_owned(), keys: keys.to_vec(), body: format!("body of {id}").into_bytes() }
}

pub async fn people_are_found_by_their_keys(open: &Open<'_>) {
    let store = open().await;
    assert_eq!(store.open_people("cases/", "godata", "1").await.unwrap(), []);
    let cursor = (Partition("outbreak".to_owned()), Cursor { value: "17".to_owned(), time: Some(at(5)) });
    let first = PeoplePage { put: vec![person("a", &[1, 2, i64::MIN]), person("b", &[2])], gone: vec![], cursor: Some(cursor.clone()) };
    store.put_people("cases/", &first).await.unwrap();
    let store = open().await;
    assert_eq!(store.open_people("cases/", "godata", "1").await.unwrap(), [cursor]);
    let found = |mut rows: Vec<FoundPerson>| {
        rows.sort();
        rows.into_iter().map(|one| format!("{} {} {}", one.key, one.id, String::from_utf8(one.body).unwrap())).collect::<Vec<_>>()
    };
    let rows = store.find_people("cases/", &[2, 7, i64::MIN]).await.unwrap();
    assert_eq!(found(rows), [format!("{} a body of a", i64::MIN), "2 a body of a".to_owned(), "2 b body of b".to_owned()]);
    let count = store.count_people("cases/", &[2]).await.unwrap();
    assert_eq!(count, PeopleCount { people: 2, with: vec![(2, 2)] });
    // Somebody who comes again is found by the new keys only, and twice in one page counts once.
    let again = PeoplePage { put: vec![person("a", &[8]), person("a", &[9])], gone: texts(&["b"]), cursor: None };
    store.put_people("cases/", &again).await.unwrap();
    assert_eq!(found(store.find_people("cases/", &[1, 2, 8, 9]).await.unwrap()), ["9 a body of a"]);
    assert!(store.put_people("contacts/", &again).await.is_err(), "an index is opened before it is filled");
    // Another shape is another index; so is that of a system that was replaced.
    assert_eq!(store.open_people("cases/", "godata", "2").await.unwrap(), []);
    assert_eq!(store.count_people("cases/", &[]).await.unwrap().people, 0);
    store.put_people("cases/", &first).await.unwrap();
    store.adopt("godata", &Identity { id: "one".to_owned(), label: String::new() }, &[], at(1)).await.unwrap();
    assert_eq!(store.count_people("cases/", &[]).await.unwrap().people, 2);
    store.adopt("godata", &Identity { id: "two".to_owned(), label: String::new() }, &[], at(1)).await.unwrap();
    assert_eq!(store.count_people("cases/", &[]).await.unwrap().people, 0);
    store.drop_people("cases/").await.unwrap();
}

fn review(id: &str, candidates: &[(&str, f64)]) -> Review {
    Review {
        source: SourceKey { system: "register".to_owned(), resource: "cases.csv".to_owned(), id: id.to_owned() },
        part: String::new(),
        place: format!("row {id}"),
        target_system: "godata".to_owned(),
        target_resource: "cases".to_owned(),
        candidates: candidates
            .iter()
            .map(|(id, score)| ReviewCandidate {
                target_id: (*id).to_owned(),
                score: *score,
                reasons: texts(&["name equal"]),
                place: String::new(),
            })
            .collect(),
    }
}

fn decided(kind: DecisionKind, id: &str, seconds: i64) -> Decided {
    let Review { source, part, target_system, target_resource, .. } = review(id, &[]);
    Decided {
        kind,
        flow: "cases".to_owned(),
        source,
        part,
        target_system,
        target_resource,
        target_id: Some("t-9".to_owned()),
        by: "somebody".to_owned(),
        reason: "the form says so".to_owned(),
        at: at(seconds),
    }
}

pub async fn questions_are_closed_by_decisions(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut commit = page(run, "cases");
    commit.reviews = vec![review("1", &[("t-9", 0.5)]), review("2", &[("t-8", 0.4), ("t-9", 0.3)]), review("3", &[("t-7", 0.2)])];
    commit.links = vec![link(run, "cases", "4")];
    commit.sent = vec![sent(run, "cases", "4")];
    store.commit_page(&commit).await.unwrap();
    // Asked again it is the same question, with the candidates of now; who got through is none any more.
    let mut commit = page(run, "cases");
    commit.reviews = vec![review("2", &[("t-8", 0.6)])];
    commit.closed_rejections = texts(&["3"]);
    store.commit_page(&commit).await.unwrap();
    let store = open().await;
    let rows = store.reviews(Some("cases"), 10).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.id, row.review.source.id.as_str(), row.review.candidates.len())).collect::<Vec<_>>(),
        [(1, "1", 1), (2, "2", 1)]
    );
    assert_eq!(store.reviews(Some("contacts"), 10).await.unwrap(), []);
    assert_eq!(store.review(2).await.unwrap().map(|row| (row.review, row.closed)), Some((review("2", &[("t-8", 0.6)]), false)));

    let (first, second) = (decided(DecisionKind::Link, "1", 7), decided(DecisionKind::Discard, "1", 8));
    store.decide(&first).await.unwrap();
    assert_eq!(store.reviews(None, 10).await.unwrap().len(), 1);
    assert!(store.review(1).await.unwrap().unwrap().closed);
    store.decide(&second).await.unwrap();
    let of = |ids: &[&str]| texts(ids);
    let kept = store.decisions("register", "cases.csv", &of(&["1", "2"]), "godata").await.unwrap();
    assert_eq!(kept, [first.clone(), second.clone()]);
    assert_eq!(store.decisions("register", "cases.csv", &of(&["1"]), "hmis").await.unwrap(), []);

    // Unlinking takes the link and what was sent over it.
    let third = decided(DecisionKind::Unlink, "4", 9);
    store.decide(&third).await.unwrap();
    assert_eq!(store.links("register", "cases.csv", &of(&["4"]), "godata").await.unwrap(), []);
    assert_eq!(store.sent("cases", &of(&["4"])).await.unwrap(), []);
    assert_eq!(store.decision_history(Some("cases"), 10).await.unwrap(), [third, second, first]);
}

pub async fn questions_of_a_crosswalk_are_replaced_as_a_whole(open: &Open<'_>) {
    let store = open().await;
    let question = |one: &str, two: &str, says: &str| {
        let mut asked = review(one, &[(two, 1.0)]);
        asked.part = format!("register godata {two}");
        asked.candidates[0].reasons = texts(&[says]);
        asked.candidates[0].place = "Salone / Bo".to_owned();
        asked
    };
    let other = Review { target_system: "hmis".to_owned(), part: "register hmis t-1".to_owned(), ..question("1", "t-1", "moved") };
    let asker = "crosswalk:places";
    let first = [question("1", "t-1", "closed"), question("1", "t-2", "closed"), question("2", "t-1", "moved")];
    store.replace_reviews(asker, ["register", "godata"], &first, at(1)).await.unwrap();
    store.replace_reviews(asker, ["register", "hmis"], std::slice::from_ref(&other), at(2)).await.unwrap();
    // One is decided, one says something else, one is new; those between other systems and those of flows stay.
    let mut commit = page(begin(&*store, "cases", 1).await, "cases");
    commit.reviews = vec![review("1", &[("t-9", 0.5)])];
    store.commit_page(&commit).await.unwrap();
    let second = [question("1", "t-1", "closed on another day"), question("2", "t-1", "moved"), question("3", "t-3", "closed")];
    for time in [3, 4] {
        store.replace_reviews(asker, ["register", "godata"], &second, at(time)).await.unwrap();
    }
    let store = open().await;
    let rows = store.reviews(Some(asker), 10).await.unwrap();
    let asked: Vec<_> = rows.iter().map(|row| (&row.review, row.first_at)).collect();
    assert_eq!(asked, [(&second[0], at(1)), (&second[1], at(1)), (&other, at(2)), (&second[2], at(3))]);
    assert_eq!((rows[0].id, rows[1].id, rows[0].crosswalk()), (1, 3, Some("places")), "who is asked again keeps the number");
    assert!(store.review(2).await.unwrap().unwrap().closed);
    let of_flow = store.reviews(Some("cases"), 10).await.unwrap();
    assert_eq!(of_flow.iter().map(|row| row.crosswalk()).collect::<Vec<_>>(), [None]);
    // Nothing is to be asked any more.
    store.replace_reviews(asker, ["register", "godata"], &[], at(5)).await.unwrap();
    assert_eq!(store.reviews(Some(asker), 10).await.unwrap().len(), 1);
}
