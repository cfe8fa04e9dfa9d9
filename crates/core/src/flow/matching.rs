//! The `match:` of a target record: which paths say what of a person, and when somebody is taken for somebody.

use super::check::Checker;
use super::spec::{KeySpec, MatchSpec, MissingWord};
use crate::catalogue::project;
use crate::connector::Declaration;
use crate::matching::{Criteria, Field, Fields, Window};
use crate::path::SourcePath;

/// From this score on a person is taken, when the flow does not say.
pub const ACCEPT: f64 = 0.7;
/// From this score on somebody is asked, when the flow does not say.
pub const REVIEW: f64 = 0.1;

/// How people are found by what is known of them.
#[derive(Debug, Clone)]
pub struct Matching {
    /// Paths of the target record, for what was mapped and for what the target holds alike.
    pub fields: Fields,
    pub criteria: Criteria,
    /// Where the day of the record stands in the source, and in the target.
    pub day: Option<(SourcePath, SourcePath)>,
}

impl Matching {
    /// The paths that are read of each person of the target.
    pub fn paths(&self) -> Vec<&SourcePath> {
        self.fields.0.iter().map(|(_, path)| path).chain(self.day.iter().map(|(_, target)| target)).collect()
    }
}

impl Checker<'_, '_> {
    /// `match` and `missing` of one target record. `at` are the keys that lead to the record.
    pub(super) fn matching(
        &mut self,
        at: &[&str],
        declaration: Option<&Declaration>,
        (spec, missing): (Option<&MatchSpec>, Option<MissingWord>),
        key: Option<&KeySpec>,
    ) -> Option<Matching> {
        let creates = missing.unwrap_or_default() == MissingWord::Create;
        if key.is_none() && (spec.is_none() || creates) {
            let expected =
                "`key:` with a target path; it may be left out where `match` finds the record and `missing` is `wait` or `reject`";
            self.error(project::MISSING_KEY, at, "the record lacks the key `key`", expected);
        }
        let spec = spec?;
        if let Some(declaration) = declaration.filter(|declaration| !declaration.reads || !declaration.knows_identity) {
            let message = format!("people cannot be looked for in `{}`: its records have no identity of their own", declaration.kind);
            self.no_match(at, &["match"], message, "a target such as Go.Data");
        }
        if self.spec.to.scope.is_some() {
            let message = "people are looked for in the outbreak of the system, and `scope` says another one for each record".to_owned();
            self.no_match(at, &["match"], message, "no `scope`, or a flow for each outbreak");
        }
        let fields = self.match_fields(at, spec);
        for rule in &spec.rules {
            if let Some(unknown) = rule.iter().find(|field| !spec.fields.contains_key(field)) {
                let message = format!("a rule names `{}`, and `fields` does not say where that stands", unknown.word());
                self.no_match(at, &["match", "rules"], message, "fields of `fields`");
            }
            let telling = [Field::Document, Field::Name, Field::Surname, Field::Phone];
            if !rule.iter().any(|field| telling.contains(field)) {
                let message = "a rule would take people for one who have no name, phone or document in common".to_owned();
                self.no_match(at, &["match", "rules"], message, "a rule with `document`, `name`, `surname` or `phone`");
            }
        }
        let (accept, review) = (spec.accept.unwrap_or(ACCEPT), spec.review.unwrap_or(REVIEW));
        if !(review > 0.0 && review <= accept && accept <= 1.0) {
            let message = format!("`accept` is {accept} and `review` is {review}");
            self.no_match(at, &["match"], message, "0 < review <= accept <= 1");
        }
        let day = match &spec.window {
            None => None,
            Some(window) => {
                let source = self.match_path(at, &["match", "window", "source"], &window.source);
                let target = self.match_path(at, &["match", "window", "target"], &window.target);
                Some((source?, target?))
            }
        };
        let window = spec.window.as_ref().map(|window| Window { days: window.days });
        Some(Matching { fields, criteria: Criteria { rules: spec.rules.clone(), accept, review, window }, day })
    }

    fn match_fields(&mut self, at: &[&str], spec: &MatchSpec) -> Fields {
        let mut fields = Fields::default();
        for (field, paths) in &spec.fields {
            for text in paths.paths() {
                let path = self.match_path(at, &["match", "fields", field.word()], text);
                fields.0.extend(path.map(|path| (*field, path)));
            }
        }
        if !spec.fields.contains_key(&Field::Name) && !spec.fields.contains_key(&Field::Document) {
            self.no_match(
                at,
                &["match", "fields"],
                "nobody is found without a name or a document".to_owned(),
                "`name`, `document` or both",
            );
        }
        fields
    }

    fn match_path(&mut self, at: &[&str], below: &[&str], text: &str) -> Option<SourcePath> {
        self.source_path(&[at, below].concat(), text)
    }

    fn no_match(&mut self, at: &[&str], below: &[&str], message: String, expected: &str) {
        self.error(project::MATCH_NOT_POSSIBLE, &[at, below].concat(), message, expected);
    }
}
