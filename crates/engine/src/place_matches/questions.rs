//! Pairs that have changed, as questions of `review`: kept in the store until a person has decided, and no longer than the change is there.
//!
//! What was decided stands in the file of the crosswalk and nowhere else; a question only says that something is to be decided. So the questions between two sides
//! are replaced as a whole by each look at both: nothing is asked that is decided, or no longer so.

use jiff::Timestamp;
use kivuko_core::catalogue::run as codes;
use kivuko_core::error::Error;
use kivuko_core::people::{Review, ReviewCandidate, ReviewRow};
use kivuko_core::places::Change;
use kivuko_core::store::SourceKey;
use serde::Serialize;

use super::decide::PlacesKept;
use super::view::PlaceView;
use crate::engine::Engine;

/// One of the two places of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedPlace {
    pub system: String,
    pub id: String,
    /// Where it lies and what it is called: `Salone / Bo / Mattru HC`; empty: it is not there any more.
    pub place: String,
}

/// A pair of a crosswalk that has changed, and on which nobody has decided since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceQuestion {
    /// The number by which `review` knows it.
    pub id: i64,
    pub crosswalk: String,
    pub places: [AskedPlace; 2],
    /// What has changed.
    pub reasons: Vec<String>,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

impl PlaceQuestion {
    /// Whether the pair can be kept: none of its places is gone.
    pub fn can_be_kept(&self) -> bool {
        !Change::is_gone(&self.reasons)
    }

    /// A question of the store, if it is one about places.
    pub fn of(row: &ReviewRow) -> Option<Self> {
        let crosswalk = row.crosswalk()?.to_owned();
        let (review, candidate) = (&row.review, row.review.candidates.first()?);
        let place = |system: &str, id: &str, place: &str| AskedPlace { system: system.into(), id: id.into(), place: place.into() };
        let one = place(&review.source.system, &review.source.id, &review.place);
        let two = place(&review.target_system, &candidate.target_id, &candidate.place);
        Some(Self {
            id: row.id,
            crosswalk,
            places: [one, two],
            reasons: candidate.reasons.clone(),
            first_at: row.first_at,
            last_at: row.last_at,
        })
    }
}

impl Engine {
    /// An open question about places.
    ///
    /// # Errors
    /// There is no such question, or it is one about a record of a flow.
    pub async fn place_question(&self, id: i64) -> Result<PlaceQuestion, Error> {
        let row = self.open_question(id).await?;
        PlaceQuestion::of(&row).ok_or_else(|| {
            let message = format!(
                "the question {id} is about a record of {}, not about places; it is answered with accept, new or discard",
                row.flow
            );
            Error::configuration(codes::OTHER_QUESTION, message)
        })
    }

    /// An open question of whatever kind.
    pub(crate) async fn open_question(&self, id: i64) -> Result<ReviewRow, Error> {
        let row = self.store.review(id).await?.filter(|row| !row.closed);
        row.ok_or_else(|| no_question(id))
    }

    /// What is asked after decisions were written into the file.
    ///
    /// # Errors
    /// The questions cannot be kept; the decisions hold all the same, and the next `match` asks what is left.
    pub async fn places_decided(&self, view: &PlaceView<'_>, kept: &PlacesKept) -> Result<(), Error> {
        self.ask_of_places(view, &kept.changed).await
    }

    /// Makes these the open questions between the two sides.
    pub(super) async fn ask_of_places(&self, view: &PlaceView<'_>, changed: &[Change]) -> Result<(), Error> {
        let asker = kivuko_core::people::asker_of(&view.crosswalk.name);
        let questions: Vec<Review> = changed.iter().map(|change| view.question(change)).collect();
        let ([one, two], now) = (view.systems(), self.clock.now());
        self.store.replace_reviews(&asker, [one, two], &questions, now).await?;
        // The crosswalk may have named its sides the other way round when it asked before.
        self.store.replace_reviews(&asker, [two, one], &[], now).await
    }
}

/// What is said of a question that is not open.
pub fn no_question(id: i64) -> Error {
    let message = format!("there is no open question {id}; `kivuko review list` has those that are open");
    Error::configuration(codes::UNKNOWN_REVIEW, message)
}

impl PlaceView<'_> {
    fn question(&self, change: &Change) -> Review {
        let [one, two] = self.sides;
        let place = |side: usize, id: &str| {
            let shown = self.shown(side, id);
            [shown.within, shown.name].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" / ")
        };
        Review {
            source: SourceKey { system: one.system.clone(), resource: one.resource.clone(), id: change.one.clone() },
            // With the source it names the pair, also where several crosswalk sides know the same ids.
            part: format!("{} {} {}", one.system, two.system, change.two),
            place: place(0, &change.one),
            target_system: two.system.clone(),
            target_resource: two.resource.clone(),
            candidates: vec![ReviewCandidate {
                target_id: change.two.clone(),
                score: 1.0,
                reasons: change.reasons.clone(),
                place: place(1, &change.two),
            }],
        }
    }
}
