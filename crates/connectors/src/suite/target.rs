//! What every target owes.

use kivuko_core::connector::{Action, Candidate, Key, Target, Write, Written};
use serde_json::Value;

use super::{Subject, Writing, hostile, open, text_at};

/// More records than this are not written only to fill a batch.
const MOST: usize = 120;

pub async fn run(subject: &dyn Subject, writing: &Writing) {
    let target = open(subject).target(&writing.spec).expect("the subject names a resource");
    assert_eq!(target.prepare().await, Ok(Vec::new()), "nothing is wrong with the subject");
    let names = [target.exclusive().await, target.exclusive().await];
    assert_eq!(names[0], names[1], "what is exclusive has one name");
    target.begin().await.expect("an empty target can be begun");
    let capabilities = target.capabilities();
    assert!(capabilities.batch_size > 0 && capabilities.concurrency > 0 && capabilities.lookup_size > 0, "a capability is not nothing");

    let suite = Suite { target: &*target, writing };
    suite.nothing_is_no_mistake().await;
    suite.unknown_keys_are_empty_lists_in_their_place().await;
    let id = suite.what_is_created_is_found_once().await;
    suite.an_update_by_id_changes_one_record(&id).await;
    suite.hostile_keys_are_found_exactly().await;
    suite.a_whole_batch_is_answered_in_its_order().await;
    suite.one_refused_record_does_not_fail_the_others().await;
    if capabilities.deletes {
        suite.what_is_deleted_is_gone_or_marked(&id).await;
    }
}

struct Suite<'s> {
    target: &'s dyn Target,
    writing: &'s Writing,
}

impl Suite<'_> {
    fn create(&self, name: &str, text: &str) -> Write {
        let body = self.target.conform((self.writing.record)(name, text));
        let body = body.unwrap_or_else(|causes| panic!("a whole record conforms: {causes:?}"));
        Write { action: Action::Create, key: (self.writing.key)(name), id: None, body: body.into(), parent: None }
    }

    async fn write(&self, batch: &[Write]) -> Vec<Written> {
        let answers = self.target.write(batch).await.expect("a target that is there can be written to");
        assert_eq!(answers.len(), batch.len(), "one answer for each record");
        answers
    }

    /// Writes records of which none is refused; their ids.
    async fn done(&self, batch: &[Write]) -> Vec<String> {
        let id = |answer: Written| match answer {
            Written::Done { id, .. } => id,
            other => panic!("a whole record is written: {other:?}"),
        };
        self.write(batch).await.into_iter().map(id).collect()
    }

    async fn lookup(&self, names: &[&str]) -> Vec<Vec<Candidate>> {
        let keys: Vec<Key> = names.iter().map(|name| (self.writing.key)(name)).collect();
        let found = self.target.lookup(&keys).await.expect("a target that is there can be searched");
        assert_eq!(found.len(), keys.len(), "one list for each key");
        found
    }

    /// The one live record with this key.
    async fn one(&self, name: &str) -> Candidate {
        let found = self.lookup(&[name]).await.remove(0);
        assert_eq!(found.iter().filter(|candidate| !candidate.deleted).count(), 1, "`{name}` is there once");
        found.into_iter().find(|candidate| !candidate.deleted).expect("it was counted")
    }

    fn text(&self, candidate: &Candidate) -> Option<String> {
        text_at(self.writing.text, &candidate.body)
    }

    async fn nothing_is_no_mistake(&self) {
        assert!(self.write(&[]).await.is_empty());
        assert!(self.lookup(&[]).await.is_empty());
        assert_eq!(self.target.fetch(&[]).await, Ok(Vec::new()));
    }

    async fn unknown_keys_are_empty_lists_in_their_place(&self) {
        self.done(&[self.create("known", "known")]).await;
        let found = self.lookup(&["unknown-1", "known", "unknown-2"]).await;
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 0], "each key has its list in its place");
        let id = found[1][0].id.clone();
        let fetched = self.target.fetch(&["no-such-id".to_owned(), id.clone()]).await.expect("a target that is there can be asked");
        assert_eq!(
            fetched.iter().map(|candidate| candidate.as_ref().map(|candidate| &candidate.id)).collect::<Vec<_>>(),
            [None, Some(&id)]
        );
    }

    async fn what_is_created_is_found_once(&self) -> String {
        let ids = self.done(&[self.create("first", "created")]).await;
        let found = self.one("first").await;
        assert_eq!(found.id, ids[0], "the id of the answer is the id of the record");
        assert_eq!(self.text(&found).as_deref(), Some("created"));
        ids.into_iter().next().expect("it was checked")
    }

    async fn an_update_by_id_changes_one_record(&self, id: &str) {
        let body: Value = (self.writing.change)("changed");
        let update =
            Write { action: Action::Update, key: (self.writing.key)("first"), id: Some(id.to_owned()), body: body.into(), parent: None };
        self.done(std::slice::from_ref(&update)).await;
        let found = self.one("first").await;
        assert_eq!((found.id.as_str(), self.text(&found).as_deref()), (id, Some("changed")), "the update is on the record that was named");
        assert_eq!(self.text(&self.one("known").await).as_deref(), Some("known"), "another record is as it was");
        self.done(&[update]).await;
        assert_eq!(self.text(&self.one("first").await).as_deref(), Some("changed"), "the same update again changes nothing");
    }

    async fn hostile_keys_are_found_exactly(&self) {
        for batch in hostile::KEYS.chunks(self.target.capabilities().batch_size) {
            let writes: Vec<Write> = batch.iter().map(|name| self.create(name, name)).collect();
            self.done(&writes).await;
        }
        for names in hostile::KEYS.chunks(self.target.capabilities().lookup_size) {
            for (name, found) in names.iter().zip(self.lookup(names).await) {
                let texts: Vec<_> = found.iter().map(|candidate| self.text(candidate)).collect();
                assert_eq!(texts, [Some((*name).to_owned())], "`{name}` finds itself and nothing else");
            }
        }
    }

    async fn a_whole_batch_is_answered_in_its_order(&self) {
        let size = self.target.capabilities().batch_size.min(MOST);
        let names: Vec<String> = (0..size).map(|number| format!("batch-{number}")).collect();
        let writes: Vec<Write> = names.iter().map(|name| self.create(name, name)).collect();
        let ids = self.done(&writes).await;
        for (ids, names) in ids.chunks(self.target.capabilities().lookup_size).zip(names.chunks(self.target.capabilities().lookup_size)) {
            let fetched = self.target.fetch(ids).await.expect("a target that is there can be asked");
            let texts: Vec<_> = fetched.iter().map(|candidate| candidate.as_ref().and_then(|candidate| self.text(candidate))).collect();
            assert_eq!(texts, names.iter().cloned().map(Some).collect::<Vec<_>>(), "each answer is in the place of its record");
        }
    }

    async fn one_refused_record_does_not_fail_the_others(&self) {
        let Some((name, body)) = &self.writing.refused else { return };
        let refused = Write { action: Action::Create, key: (self.writing.key)(name), id: None, body: body.clone().into(), parent: None };
        let batch = [self.create("before", "before"), refused, self.create("after", "after")];
        let answers = self.write(&batch[..self.target.capabilities().batch_size.min(batch.len())]).await;
        for (place, answer) in answers.iter().enumerate() {
            let fits = if place == 1 { matches!(answer, Written::Refused(_)) } else { matches!(answer, Written::Done { .. }) };
            assert!(fits, "only the bad record is refused; record {place}: {answer:?}");
        }
        assert_eq!(self.text(&self.one("before").await).as_deref(), Some("before"));
        assert_eq!(self.text(&self.one("after").await).as_deref(), Some("after"));
    }

    async fn what_is_deleted_is_gone_or_marked(&self, id: &str) {
        let delete = Write {
            action: Action::Delete,
            key: (self.writing.key)("first"),
            id: Some(id.to_owned()),
            body: Value::Null.into(),
            parent: None,
        };
        self.done(&[delete]).await;
        let found = self.lookup(&["first", "known"]).await;
        assert!(found[0].iter().all(|candidate| candidate.deleted), "what was deleted is gone, or marked");
        assert_eq!(found[1].len(), 1, "another record is still there");
    }
}
