//! Runs, outcomes, leases, sessions, identities.

use kivuko_core::catalogue::store as codes;
use kivuko_core::connector::Identity;
use kivuko_core::error::{Cause, Code, Consequence};
use kivuko_core::outcome::{Counts, Outcome, Status, Writes};
use kivuko_core::store::{FlowVersion, Link, RunId, RunStart};

use super::{Open, at, begin, cursor, intent, link, outcome, page, sent, texts, version, waiting};

pub async fn versions_are_kept_as_they_were_first(open: &Open<'_>) {
    let store = open().await;
    assert_eq!(store.version("v1").await.unwrap(), None);
    store.put_version(&version("v1")).await.unwrap();
    let other = FlowVersion { kivuko: "9.9.9".to_owned(), ..version("v1") };
    store.put_version(&other).await.unwrap();
    assert_eq!(open().await.version("v1").await.unwrap(), Some(version("v1")));
}

pub async fn runs_are_numbered_and_listed(open: &Open<'_>) {
    let store = open().await;
    let first = begin(&*store, "cases", 1).await;
    let counts = Counts {
        read: 10,
        created: 1,
        updated: 2,
        counted: 0,
        unchanged: 3,
        deleted: 1,
        skipped: 1,
        waiting: 1,
        rejected: 1,
        failed: 0,
        writes: Writes { created: 4, updated: 3, deleted: 2, rejected: 1 },
        requests: 99,
    };
    let mut commit = page(first, "cases");
    commit.counts = counts;
    store.commit_page(&commit).await.unwrap();
    store.commit_page(&commit).await.unwrap();
    let cause = Cause::new(Code(501), "not reachable").field("url");
    store.finish_run(first, Status::Incomplete, 17, Some(&cause), at(9)).await.unwrap();
    let second = begin(&*store, "contacts", 20).await;
    assert!(second > first);

    let run = open().await.run(first).await.unwrap().unwrap();
    let mut expected = counts;
    expected.merge(&counts);
    expected.requests = 17;
    assert_eq!(run.counts, expected);
    assert_eq!((run.id, run.status, run.error), (first, Status::Incomplete, Some(cause)));
    assert_eq!((run.started, run.finished), (at(1), Some(at(9))));
    assert_eq!((&*run.flow, &*run.version, &*run.trigger, &*run.options), ("cases", "v1", "manual", "--only C-1"));
    assert_eq!(store.run(RunId(4711)).await.unwrap(), None);

    let ids = |runs: Vec<kivuko_core::store::Run>| runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(store.runs(None, 10).await.unwrap()), [second, first]);
    assert_eq!(ids(store.runs(None, 1).await.unwrap()), [second]);
    assert_eq!(ids(store.runs(Some("cases"), 10).await.unwrap()), [first]);
    assert_eq!(ids(store.runs(Some("none"), 10).await.unwrap()), []);
}

pub async fn a_run_needs_its_version(open: &Open<'_>) {
    let start = RunStart {
        flow: "cases".to_owned(),
        version: "never put".to_owned(),
        trigger: "manual".to_owned(),
        options: String::new(),
        started: at(0),
    };
    let error = open().await.begin_run(&start).await.unwrap_err();
    assert_eq!((error.consequence, error.cause.code), (Consequence::OurBug, codes::UNEXPECTED));
}

pub async fn a_killed_run_shows_as_incomplete(open: &Open<'_>) {
    let killed = begin(&*open().await, "cases", 1).await;
    let store = open().await;
    store.note_intents(&[intent(killed, "cases", "1"), intent(killed, "cases", "2")]).await.unwrap();
    assert_eq!(store.run(killed).await.unwrap().unwrap().status, Status::Running);
    let other = begin(&*store, "contacts", 2).await;
    assert_eq!(store.run(killed).await.unwrap().unwrap().status, Status::Running, "another flow ended it");
    let next = begin(&*store, "cases", 3).await;
    let run = store.run(killed).await.unwrap().unwrap();
    let error = run.error.unwrap();
    assert_eq!((run.status, run.finished, error.code), (Status::Incomplete, None, codes::INTERRUPTED));
    assert!(error.message.contains("2 writes were under way"), "{error}");
    for running in [other, next] {
        assert_eq!(store.run(running).await.unwrap().unwrap().status, Status::Running);
    }
}

pub async fn an_ended_run_writes_nothing(open: &Open<'_>) {
    let store = open().await;
    let dead = begin(&*store, "cases", 1).await;
    let alive = begin(&*store, "cases", 2).await;
    let mut commit = page(dead, "cases");
    commit.outcomes.push(outcome("1", Outcome::Created));
    let intents = [intent(alive, "cases", "1"), intent(dead, "cases", "2")];
    for error in [
        store.commit_page(&commit).await.unwrap_err(),
        store.note_intents(&intents).await.unwrap_err(),
        store.finish_run(dead, Status::Complete, 0, None, at(3)).await.unwrap_err(),
    ] {
        assert_eq!((error.consequence, error.cause.code), (Consequence::StopRun, codes::RUN_ENDED));
    }
    assert_eq!(store.outcomes(dead, None, 0, 10).await.unwrap(), []);
    assert_eq!(store.open_intents("godata").await.unwrap(), []);
    store.finish_run(alive, Status::Complete, 0, None, at(4)).await.unwrap();
    assert_eq!(store.commit_page(&page(alive, "cases")).await.unwrap_err().cause.code, codes::RUN_ENDED);
    assert_eq!(store.commit_page(&page(RunId(4711), "cases")).await.unwrap_err().cause.code, codes::UNEXPECTED);
}

pub async fn outcomes_are_listed_in_order(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "cases", 1).await;
    let mut rejected = outcome("3", Outcome::Rejected);
    rejected.target_id = None;
    rejected.fields.clear();
    rejected.causes = vec![Cause::new(Code(301), "it is \"not\" listed").cell("codes/sex.csv, row 7").unlisted("sex", "x")];
    let rows = [outcome("1", Outcome::Created), outcome("2", Outcome::Updated), rejected, outcome("1", Outcome::Skipped)];
    for pair in rows.chunks(2) {
        let mut commit = page(run, "cases");
        commit.outcomes = pair.to_vec();
        store.commit_page(&commit).await.unwrap();
    }
    let listed = store.outcomes(run, None, 0, 10).await.unwrap();
    assert!(listed.iter().map(|(id, _)| *id).is_sorted());
    assert_eq!(listed.iter().map(|(_, row)| row.clone()).collect::<Vec<_>>(), rows);
    assert_eq!(store.outcomes(run, None, listed[1].0, 1).await.unwrap(), listed[2..3]);
    assert_eq!(store.outcomes(run, Some(Outcome::Rejected), 0, 10).await.unwrap(), listed[2..3]);
    assert_eq!(store.outcomes(run, Some(Outcome::Failed), 0, 10).await.unwrap(), []);
    assert_eq!(store.outcomes(RunId(run.0 + 1), None, 0, 10).await.unwrap(), []);
}

pub async fn leases_are_held_by_one(open: &Open<'_>) {
    let (here, there) = (open().await, open().await);
    assert_eq!(here.lease("godata/1").await.unwrap(), None);
    let lease = here.acquire_lease("godata/1", "here", at(0), at(60)).await.unwrap().unwrap();
    assert_eq!(there.lease("godata/1").await.unwrap(), Some(lease.clone()));
    assert_eq!((&*lease.name, &*lease.holder, lease.until), ("godata/1", "here", at(60)));
    assert_eq!(there.acquire_lease("godata/1", "there", at(59), at(99)).await.unwrap(), Err(lease.clone()));
    assert!(there.acquire_lease("godata/2", "there", at(59), at(99)).await.unwrap().is_ok());
    assert!(here.renew_lease(&lease, at(120)).await.unwrap());
    assert!(there.acquire_lease("godata/1", "there", at(119), at(200)).await.unwrap().is_err());
    assert!(there.acquire_lease("godata/1", "there", at(120), at(200)).await.unwrap().is_ok(), "an expired lease is free");
}

pub async fn fences_only_grow(open: &Open<'_>) {
    let store = open().await;
    let mut last = 0;
    for round in 0..3 {
        let first = store.acquire_lease("x", "a", at(round * 100), at(round * 100 + 10)).await.unwrap().unwrap();
        let expired = open().await.acquire_lease("x", "b", at(round * 100 + 20), at(round * 100 + 30)).await.unwrap().unwrap();
        let own = store.acquire_lease("x", "b", at(round * 100 + 21), at(round * 100 + 30)).await.unwrap().unwrap();
        assert!(last < first.fence && first.fence < expired.fence && expired.fence < own.fence);
        last = own.fence;
        if round == 1 { store.release_lease(&own).await.unwrap() } else { store.break_lease(&own).await.unwrap() }
    }
}

pub async fn a_lost_lease_is_not_prolonged_nor_given_back(open: &Open<'_>) {
    let store = open().await;
    let lost = store.acquire_lease("x", "a", at(0), at(10)).await.unwrap().unwrap();
    let held = store.acquire_lease("x", "b", at(10), at(20)).await.unwrap().unwrap();
    assert!(!store.renew_lease(&lost, at(99)).await.unwrap());
    store.release_lease(&lost).await.unwrap();
    store.break_lease(&lost).await.unwrap();
    assert_eq!(store.acquire_lease("x", "c", at(11), at(30)).await.unwrap(), Err(held.clone()));
    store.break_lease(&held).await.unwrap();
    assert!(!store.renew_lease(&held, at(99)).await.unwrap());
    assert!(store.acquire_lease("x", "c", at(11), at(30)).await.unwrap().is_ok());
}

pub async fn sessions_count_their_generations(open: &Open<'_>) {
    let (here, there) = (open().await, open().await);
    assert_eq!(here.session("token").await.unwrap(), None);
    let first = here.put_session("token", "one", at(0)).await.unwrap();
    assert_eq!((first.generation, &*first.value), (1, "one"));
    assert_eq!(there.session("token").await.unwrap(), Some(first));
    let second = there.put_session("token", "two", at(0)).await.unwrap();
    assert_eq!((second.generation, &*second.value), (2, "two"));
    assert_eq!(here.session("token").await.unwrap(), Some(second));
    assert_eq!(here.put_session("other", "", at(0)).await.unwrap().generation, 1);
}

pub async fn identities_are_adopted(open: &Open<'_>) {
    let store = open().await;
    assert_eq!(store.identity("godata").await.unwrap(), None);
    for id in ["one", "two"] {
        let identity = Identity { id: id.to_owned(), label: "outbreak Ebola 2026".to_owned() };
        store.adopt("godata", &identity, &[], at(0)).await.unwrap();
        assert_eq!(open().await.identity("godata").await.unwrap(), Some(identity));
    }
    assert_eq!(store.identity("hmis").await.unwrap(), None);
}

pub async fn a_system_that_was_replaced_is_forgotten(open: &Open<'_>) {
    let store = open().await;
    let identity = |id: &str| Identity { id: id.to_owned(), label: id.to_owned() };
    store.adopt("godata", &identity("one"), &texts(&["cases"]), at(0)).await.unwrap();
    let run = begin(&*store, "cases", 0).await;
    store.note_intents(&[intent(run, "cases", "2")]).await.unwrap();
    let elsewhere = Link { target_system: "hmis".to_owned(), ..link(run, "other", "1") };
    let mut commit = page(run, "cases");
    commit.cursor = Some(cursor("9"));
    commit.links = vec![link(run, "cases", "1"), elsewhere.clone()];
    commit.sent = vec![sent(run, "cases", "1"), sent(run, "other", "1")];
    commit.waiting = vec![waiting("cases", "5", "9", 4)];
    store.commit_page(&commit).await.unwrap();
    let (ids, partition) = (texts(&["1"]), commit.partition.clone());
    let known = async || {
        (
            store.links("register", "cases.csv", &ids, "godata").await.unwrap().len(),
            store.sent("cases", &ids).await.unwrap().len(),
            store.open_intents("godata").await.unwrap().len(),
            store.waiting("cases").await.unwrap().len(),
            usize::from(store.cursor("cases", &partition).await.unwrap().is_some()),
        )
    };
    store.adopt("godata", &identity("one"), &texts(&["cases"]), at(1)).await.unwrap();
    assert_eq!(known().await, (1, 1, 1, 1, 1), "the same one again");
    store.adopt("godata", &identity("two"), &texts(&["cases"]), at(2)).await.unwrap();
    assert_eq!(known().await, (0, 0, 0, 0, 0));
    let history = store.cursor_history("cases", 10).await.unwrap();
    assert!(history[0].cursor.value.is_empty(), "the history says that it was forgotten: {history:?}");
    assert_eq!(store.links("register", "cases.csv", &ids, "hmis").await.unwrap(), [elsewhere], "another system stays");
    assert_eq!(store.sent("other", &ids).await.unwrap().len(), 1);
}
