//! What every source owes.

use std::collections::{BTreeMap, BTreeSet};

use kivuko_core::connector::{Declaration, ReadRequest, Source};
use kivuko_core::error::{Consequence, Error};
use kivuko_core::record::{Cursor, Page, Partition, SourceRecord};
use serde_json::Value;

use super::{Reading, Sample, Subject, hostile, open, text_at};

/// Small pages, so that there is a middle.
const PAGE: usize = 3;

pub async fn run(subject: &dyn Subject, reading: &Reading, declaration: &Declaration) {
    let samples = subject.samples();
    subject.fill(&samples);
    let first = everything(subject, reading).await;
    every_record_has_an_identity_and_a_place(&first, &samples);
    hostile_texts_come_through(&first, &samples, reading);
    let second = everything(subject, reading).await;
    assert_eq!(shown(&first), shown(&second), "reading the same place again gives the same records");
    every_cursor_gives_the_rest(subject, reading).await;
    only_gives_just_those(subject, reading, &samples).await;
    a_cut_line_loses_nothing(subject, reading, &samples).await;
    a_change_in_mid_reading_loses_nothing(subject, reading, &samples).await;
    if !declaration.knows_identity {
        a_missing_identity_is_none(subject, reading).await;
    }
    elements_come_through_to_the_byte(subject, reading).await;
    subject.fill(&samples);
}

fn source(subject: &dyn Subject, reading: &Reading) -> Box<dyn Source> {
    open(subject).source(&reading.spec).expect("the subject names a resource")
}

fn request(partition: &Partition, from: Option<Cursor>) -> ReadRequest {
    ReadRequest { partition: partition.clone(), from, since: None, until: None, only: None, paths: Vec::new(), page_size: PAGE }
}

/// All pages of a reading, and its failure where it fails.
async fn pages(source: &dyn Source, request: ReadRequest) -> (Vec<Page>, Option<Error>) {
    let mut pages = Vec::new();
    let mut reading = match source.read(request).await {
        Ok(reading) => reading,
        Err(error) => return (pages, Some(error)),
    };
    loop {
        match reading.next().await {
            Ok(Some(page)) => {
                assert!(page.records.len() <= PAGE, "a page holds no more records than were asked for");
                pages.push(page);
            }
            Ok(None) => return (pages, None),
            Err(error) => return (pages, Some(error)),
        }
    }
}

async fn whole(source: &dyn Source, request: ReadRequest) -> Vec<Page> {
    let (pages, failure) = pages(source, request).await;
    assert_eq!(failure, None, "an undisturbed reading does not fail");
    pages
}

async fn everything(subject: &dyn Subject, reading: &Reading) -> Vec<SourceRecord> {
    let source = source(subject, reading);
    let mut records = Vec::new();
    for partition in source.partitions().await.expect("a source that is there has partitions") {
        records.extend(whole(&*source, request(&partition, None)).await.into_iter().flat_map(|page| page.records));
    }
    records
}

/// A record in a form that can be compared.
fn show(record: &SourceRecord) -> String {
    let body = match &record.body {
        Ok(body) => String::from_utf8_lossy(body).into_owned(),
        Err(cause) => cause.to_string(),
    };
    format!("{:?} {:?} {} {body}", record.id, record.version, record.deleted)
}

fn shown(records: &[SourceRecord]) -> Vec<String> {
    records.iter().map(|record| format!("{} {}", record.place, show(record))).collect()
}

fn every_record_has_an_identity_and_a_place(records: &[SourceRecord], samples: &[Sample]) {
    let found: BTreeSet<&str> = records.iter().filter_map(|record| record.id.as_deref()).collect();
    let wanted: BTreeSet<&str> = samples.iter().map(|sample| sample.id.as_str()).collect();
    assert_eq!(found, wanted, "every record comes with its identity");
    assert_eq!(records.len(), samples.len(), "every record comes once");
    assert!(records.iter().all(|record| !record.place.trim().is_empty()), "every record says where it stands");
    assert!(records.iter().all(|record| record.body.is_ok() && !record.deleted), "a whole, live record is read as one");
}

fn hostile_texts_come_through(records: &[SourceRecord], samples: &[Sample], reading: &Reading) {
    let wanted: BTreeMap<&str, &str> = samples.iter().map(|sample| (sample.id.as_str(), sample.text.as_str())).collect();
    for record in records {
        let body = record.body.as_ref().expect("checked before");
        let element: Value = serde_json::from_slice(body).expect("a body is one JSON element");
        let id = record.id.as_deref().expect("checked before");
        assert_eq!(text_at(reading.text, &element).as_deref(), Some(wanted[id]), "the text of {id} comes through unchanged");
    }
}

async fn every_cursor_gives_the_rest(subject: &dyn Subject, reading: &Reading) {
    let source = source(subject, reading);
    for partition in source.partitions().await.expect("checked before") {
        let all = whole(&*source, request(&partition, None)).await;
        for (position, page) in all.iter().enumerate() {
            let rest: Vec<SourceRecord> =
                whole(&*source, request(&partition, Some(page.next.clone()))).await.into_iter().flat_map(|page| page.records).collect();
            let is_last = position + 1 == all.len();
            let expected = |from: usize| all[from..].iter().flat_map(|page| &page.records).map(show).collect::<Vec<_>>();
            if is_last && source.reads_whole() {
                assert_eq!(rest.iter().map(show).collect::<Vec<_>>(), expected(0), "what was read to its end is read from its beginning");
                continue;
            }
            let found: Vec<String> = rest.iter().map(show).collect();
            let missing: Vec<_> = expected(position + 1).into_iter().filter(|record| !found.contains(record)).collect();
            assert!(missing.is_empty(), "after page {position} these are lost: {missing:?}");
            let before: Vec<String> = all[..=position].iter().flat_map(|page| &page.records).map(show).collect();
            let repeated: Vec<&SourceRecord> = rest.iter().filter(|record| before.contains(&show(record))).collect();
            assert!(
                repeated.iter().all(|record| record.version.is_some()),
                "what an overlap repeats has a version, so that it can be dropped"
            );
            assert_eq!(found.len(), expected(position + 1).len() + repeated.len(), "after page {position} comes the rest and nothing else");
        }
    }
}

async fn only_gives_just_those(subject: &dyn Subject, reading: &Reading, samples: &[Sample]) {
    let wanted = [&samples[1].id, &samples[samples.len() - 1].id];
    let mut only: Vec<String> = wanted.iter().map(|id| (*id).clone()).collect();
    only.push("nobody-has-this-id".to_owned());
    let source = source(subject, reading);
    let mut found = BTreeSet::new();
    for partition in source.partitions().await.expect("checked before") {
        let request = ReadRequest { only: Some(only.clone()), ..request(&partition, None) };
        found.extend(whole(&*source, request).await.into_iter().flat_map(|page| page.records).filter_map(|record| record.id));
    }
    assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "`only` gives just those records that are asked for and there");
}

/// Reads with new readings until one comes to its end, as the engine does.
async fn read_on(source: &dyn Source, partition: &Partition, ids: &mut BTreeSet<String>) -> Vec<Error> {
    let mut from = None;
    let mut failures = Vec::new();
    for _ in 0..20 {
        let (pages, failure) = pages(source, request(partition, from.clone())).await;
        from = pages.last().map(|page| page.next.clone()).or(from);
        ids.extend(pages.into_iter().flat_map(|page| page.records).filter_map(|record| record.id));
        match failure {
            None => return failures,
            Some(error) => failures.push(error),
        }
    }
    panic!("reading does not come to its end: {failures:?}");
}

fn all_there(ids: &BTreeSet<String>, samples: &[Sample]) -> bool {
    samples.iter().all(|sample| ids.contains(&sample.id))
}

async fn a_cut_line_loses_nothing(subject: &dyn Subject, reading: &Reading, samples: &[Sample]) {
    let source = source(subject, reading);
    let partitions = source.partitions().await.expect("checked before");
    if !subject.cut_line() {
        return;
    }
    let mut ids = BTreeSet::new();
    for partition in &partitions {
        for failure in read_on(&*source, partition, &mut ids).await {
            assert_eq!(failure.consequence, Consequence::Retry, "a line that is cut is tried again: {failure}");
        }
    }
    assert!(all_there(&ids, samples), "a cut line loses no record");
}

async fn a_change_in_mid_reading_loses_nothing(subject: &dyn Subject, reading: &Reading, samples: &[Sample]) {
    let source = source(subject, reading);
    let mut ids = BTreeSet::new();
    let partitions = source.partitions().await.expect("checked before");
    let mut begun = source.read(request(&partitions[0], None)).await.expect("checked before");
    let first = begun.next().await.expect("checked before").expect("there are samples");
    let mut from = first.next.clone();
    ids.extend(first.records.into_iter().filter_map(|record| record.id));
    subject.disturb();
    let failed = loop {
        match begun.next().await {
            Ok(Some(page)) => {
                from = page.next;
                ids.extend(page.records.into_iter().filter_map(|record| record.id));
            }
            Ok(None) => break false,
            Err(error) => {
                let expected = matches!(error.consequence, Consequence::Retry | Consequence::StopRun);
                assert!(expected, "a change of the other side is neither our bug nor the project's: {error}");
                break true;
            }
        }
    };
    if failed {
        let again = whole(&*source, request(&partitions[0], Some(from))).await;
        ids.extend(again.into_iter().flat_map(|page| page.records).filter_map(|record| record.id));
    }
    for partition in &partitions[1..] {
        let rest = whole(&*source, request(partition, None)).await;
        ids.extend(rest.into_iter().flat_map(|page| page.records).filter_map(|record| record.id));
    }
    assert!(all_there(&ids, samples), "a change in the middle of a reading loses no record that was there");
}

async fn a_missing_identity_is_none(subject: &dyn Subject, reading: &Reading) {
    let sample = |id: &str, text: &str| Sample { id: id.to_owned(), text: text.to_owned() };
    subject.fill(&[sample("a", "x"), sample("", "y"), sample("b", "z")]);
    let ids: Vec<_> = everything(subject, reading).await.into_iter().map(|record| record.id).collect();
    assert_eq!(ids, [Some("a".to_owned()), None, Some("b".to_owned())], "an empty identity is none, and the record is still handed out");
}

async fn elements_come_through_to_the_byte(subject: &dyn Subject, reading: &Reading) {
    if !subject.fill_elements(&hostile::ELEMENTS) {
        return;
    }
    let records = everything(subject, reading).await;
    let bodies: Vec<_> = records.iter().map(|record| record.body.as_deref().map(String::from_utf8_lossy).expect("they are JSON")).collect();
    assert_eq!(bodies, hostile::ELEMENTS, "elements come through to the byte");
    assert!(records[records.len() - 2..].iter().all(|record| record.id.is_none()), "no identity, null and empty are none");
}
