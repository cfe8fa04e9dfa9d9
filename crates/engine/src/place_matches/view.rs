//! Two sides of a crosswalk as they are now, and what is open between them.

use std::collections::HashMap;

use jiff::civil::Date;
use kivuko_core::catalogue::run as codes;
use kivuko_core::codes::Pair;
use kivuko_core::error::{Cause, Error, nearest};
use kivuko_core::places::{ByFlows, Change, Lookout, Place, Says, matched};
use kivuko_core::project::{Crosswalk, Side};
use serde::Serialize;

use super::known::Known;
use crate::engine::Engine;

/// Places higher up than this are not shown.
const MOST_ABOVE: usize = 12;

/// A place as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceShown {
    pub id: String,
    pub name: String,
    /// The names of the places that it lies in, from the top: `Salone / Bo`.
    pub within: String,
}

/// One row of the table: a pair that is proposed, a place without counterpart, or a pair that has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceMatch {
    /// `same`, `unclear`, `none` or `changed`.
    pub says: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    pub reasons: Vec<String>,
    pub one: Option<PlaceShown>,
    pub two: Option<PlaceShown>,
}

/// What is open between two sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceMatches {
    pub crosswalk: String,
    /// The two systems.
    pub sides: [String; 2],
    pub matches: Vec<PlaceMatch>,
    /// What could not be read of the two, and is not among the matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<Cause>,
}

/// Both sides as they are now, and what is known of them: one reading, by which everything is proposed and decided.
#[derive(Debug)]
pub struct PlaceView<'e> {
    pub(super) crosswalk: &'e Crosswalk,
    pub(super) sides: [&'e Side; 2],
    pub(super) places: [Vec<Place>; 2],
    /// For each side, which place stands where in `places`.
    pub(super) by_id: [HashMap<String, usize>; 2],
    /// What flows have linked.
    pub(super) links: Vec<Pair>,
    pub(super) known: Known,
    /// What flows of the project renamed and closed.
    pub(super) by_flows: ByFlows,
    /// What could not be read of each.
    pub(super) left_out: [Option<Cause>; 2],
    pub(super) today: Date,
}

/// The two sides that are meant, in the order of the crosswalk.
///
/// # Errors
/// It is not clear which two, or the crosswalk does not have one of them.
pub fn two_sides<'c>(crosswalk: &'c Crosswalk, between: Option<[&str; 2]>) -> Result<[&'c Side; 2], Error> {
    let known: Vec<&str> = crosswalk.sides.iter().map(|side| side.system.as_str()).collect();
    let refused = |message: String| Error::configuration(codes::NOTHING_TO_MATCH, message);
    if let Some(name) = between.iter().flatten().find(|name| crosswalk.side(name).is_none()) {
        let message = format!("the crosswalk `{}` has no system `{name}`; expected two of {}", crosswalk.name, known.join(", "));
        return Err(refused(message));
    }
    let meant = |side: &&Side| between.is_none_or(|names| names.contains(&side.system.as_str()));
    if let [one, two] = crosswalk.sides.iter().filter(meant).collect::<Vec<_>>().as_slice() {
        return Ok([one, two]);
    }
    let message = format!("the crosswalk `{}` is between {}; say which two with --between", crosswalk.name, known.join(", "));
    Err(refused(message))
}

impl Engine {
    /// A crosswalk of the project, by its name.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn crosswalk(&self, name: &str) -> Result<&Crosswalk, Error> {
        self.project.crosswalks.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.project.crosswalks.keys().chain(self.project.flows.keys()).map(String::as_str).collect();
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None if known.is_empty() => String::new(),
                None => format!("; the project has: {}", known.join(", ")),
            };
            Error::configuration(codes::NOTHING_TO_MATCH, format!("there is neither a flow nor a crosswalk `{name}`{hint}"))
        })
    }

    /// Reads two sides of a crosswalk. Writes nothing.
    ///
    /// # Errors
    /// A system cannot be read, or it is not clear which two are meant.
    pub async fn places_now(&self, crosswalk: &str, between: Option<[&str; 2]>) -> Result<PlaceView<'_>, Error> {
        let crosswalk = self.crosswalk(crosswalk)?;
        let sides = two_sides(crosswalk, between)?;
        let map = self.project.codes.0.get(&crosswalk.name);
        let map = map.ok_or_else(|| Error::bug(codes::NOTHING_TO_MATCH, "a crosswalk without its code map"))?;
        let links = self.links_of(crosswalk).await?;
        let ((of_one, unread_one), (of_two, unread_two)) = (self.places_of(sides[0]).await?, self.places_of(sides[1]).await?);
        let places = [of_one, of_two];
        let left_out = [unread_one, unread_two];
        let index = |places: &Vec<Place>| places.iter().enumerate().map(|(at, place)| (place.id.clone(), at)).collect();
        let by_id = [index(&places[0]), index(&places[1])];
        let today = self.today();
        let known = Known::of(&map.with_links(&links), sides.map(|side| side.system.as_str()), today);
        let mut view = PlaceView { crosswalk, sides, places, by_id, links, known, by_flows: ByFlows::default(), left_out, today };
        view.by_flows = self.made_by_flows(&view).await?;
        Ok(view)
    }

    /// The places of a side as they are now, and what could not be read.
    async fn places_of(&self, side: &Side) -> Result<(Vec<Place>, Option<Cause>), Error> {
        let paths = self.paths_of(side)?;
        let all = paths.all();
        let wanted: Vec<&str> = all.iter().map(String::as_str).collect();
        let mut places = Vec::new();
        let left_out = self.read_side(side, &wanted, None, &mut |id, record| places.push(paths.read(id, record))).await?;
        Ok((places, left_out))
    }

    /// What is open between two sides of a crosswalk, and what has changed of pairs that hold. The latter are questions of `review` from then on; nothing else is written.
    ///
    /// # Errors
    /// The questions cannot be kept.
    pub async fn match_places(&self, view: &PlaceView<'_>) -> Result<PlaceMatches, Error> {
        let changed = view.changes(&view.known);
        self.ask_of_places(view, &changed).await?;
        let given = view.known.given();
        let [one, two] = view.places.clone();
        let proposals = tokio::task::spawn_blocking(move || matched(one, two, &given))
            .await
            .map_err(|error| Error::bug(codes::NOTHING_TO_MATCH, format!("the matching of places broke off: {error}")))?;
        let mut matches: Vec<PlaceMatch> = changed.iter().map(|change| view.changed(change)).collect();
        for proposal in proposals {
            let one = proposal.one.as_deref().map(|id| view.shown(0, id));
            if proposal.candidates.is_empty() {
                let two = proposal.two.as_deref().map(|id| view.shown(1, id));
                matches.push(PlaceMatch { says: Says::None.word(), score: None, reasons: Vec::new(), one: one.clone(), two });
            }
            for candidate in proposal.candidates {
                matches.push(PlaceMatch {
                    says: proposal.says.word(),
                    score: Some(candidate.score),
                    reasons: candidate.reasons,
                    one: one.clone(),
                    two: Some(view.shown(1, &candidate.id)),
                });
            }
        }
        Ok(PlaceMatches {
            crosswalk: view.crosswalk.name.clone(),
            sides: view.systems().map(str::to_owned),
            matches,
            left_out: view.left_out.iter().flatten().cloned().collect(),
        })
    }
}

impl PlaceView<'_> {
    /// The name of the crosswalk.
    pub fn crosswalk(&self) -> &str {
        &self.crosswalk.name
    }

    /// The names of the two systems.
    pub fn systems(&self) -> [&str; 2] {
        self.sides.map(|side| side.system.as_str())
    }

    /// The day by which it is looked at, in the time zone of the project.
    pub fn today(&self) -> Date {
        self.today
    }

    /// What has changed of the pairs that hold.
    pub(super) fn changes(&self, known: &Known) -> Vec<Change> {
        let lookout = self.lookout(known);
        known.pairs.iter().filter_map(|pair| lookout.change(pair)).collect()
    }

    pub(super) fn lookout<'k>(&'k self, known: &'k Known) -> Lookout<'k> {
        let [one, two] = &self.places;
        let [settled, other] = &known.looked_at;
        let unread = [0, 1].map(|side| self.left_out[side].is_some());
        Lookout::new(self.systems(), [one, two], &known.pairs, [settled, other], self.today).unread(unread).by_flows(&self.by_flows)
    }

    pub(super) fn has(&self, side: usize, id: &str) -> bool {
        self.by_id[side].contains_key(id)
    }

    pub(super) fn shown(&self, side: usize, id: &str) -> PlaceShown {
        let place = |id: &str| self.by_id[side].get(id).map(|at| &self.places[side][*at]);
        let above = std::iter::successors(place(id).and_then(|own| place(own.parent.as_deref()?)), |above| place(above.parent.as_deref()?));
        let mut within: Vec<&str> = above.take(MOST_ABOVE).map(|above| above.name.as_str()).collect();
        within.reverse();
        PlaceShown { id: id.to_owned(), name: place(id).map(|own| own.name.clone()).unwrap_or_default(), within: within.join(" / ") }
    }

    fn changed(&self, change: &Change) -> PlaceMatch {
        PlaceMatch {
            says: "changed",
            score: None,
            reasons: change.reasons.clone(),
            one: Some(self.shown(0, &change.one)),
            two: Some(self.shown(1, &change.two)),
        }
    }
}
