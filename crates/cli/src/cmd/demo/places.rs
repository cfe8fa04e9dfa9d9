//! The steps of places: org units into Go.Data, what happens to them over night, and a facility list of which a person says what is which.

use kivuko_core::connector::Cancel;
use kivuko_core::outcome::Status;
use kivuko_engine::{Pace, PlaceChoice, PlaceDecision, PlaceMatches};
use serde_json::Value;

use super::Stage;
use crate::cmd::{codes, match_places};
use crate::codes_file;
use crate::demo::places;
use crate::failure::Failure;
use crate::print::Table;
use crate::print::figures::counted;

/// Who decides in the demonstration.
const BY: &str = "demo";
/// How many reasons of a pair are shown.
const REASONS: usize = 2;

impl Stage<'_> {
    /// The org units into Go.Data, the same again, and the hierarchy of the next day. Whether all runs came to their end.
    pub(super) async fn carry_places(&self, runs: &mut Vec<Value>) -> Result<bool, Failure> {
        let command = format!("run {}", places::FLOW);
        self.tell(&self.heading("6", "The places of DHIS2, in Go.Data", &command))?;
        self.tell("  Both have the country and its regions. codes/places.csv says which is which, so they are not made twice.\n\n")?;
        let first = self.run_flow(places::FLOW, runs, super::CAUSES).await?;
        if first.status != Status::Complete {
            return Ok(false);
        }
        self.sim.log().clear();
        let again = self.run_quietly(places::FLOW, runs).await?;
        if again.status != Status::Complete {
            return Ok(false);
        }
        let wrote = self.sim.log().writes().len() as u64;
        let wrote = if wrote == 0 { "nothing is written".to_owned() } else { counted(wrote, "request writes", "requests write") };
        self.tell(&format!("\n  Run again at once, all {} are as they were, and {wrote}.\n", again.counts.unchanged))?;

        let night = places::next_day(&self.country);
        self.dhis2.put_metadata(&night.metadata);
        self.tell(&self.heading("7", "The next day's hierarchy", &command))?;
        let [former, name] = &night.renamed;
        let [moved, region] = &night.moved;
        let happened = format!("Over night {former} became {name}, {moved} went over to {region}, and {} was closed.", night.closed);
        self.tell(&format!("  {}\n\n", self.app.out.wrap(&happened, 2)))?;
        let next = self.run_flow(places::FLOW, runs, super::CAUSES).await?;
        if next.status != Status::Complete {
            return Ok(false);
        }
        let table = self.as_go_data_has_them(&[name, moved, &night.closed]);
        self.tell(&format!("\n  As Go.Data has them now:\n\n{table}"))?;
        Ok(true)
    }

    /// The locations of these names.
    fn as_go_data_has_them(&self, names: &[&String]) -> String {
        let places = self.sim.state().collection("location");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut table = Table::new(&["location", "lies in", "active"]).indented(2);
        for place in names.iter().flat_map(|name| places.iter().filter(|place| place["name"] == ***name)) {
            let around = places.iter().find(|other| other["id"] == place["parentLocationId"]).map(|around| text(&around["name"]));
            let active = if place["active"] == Value::Bool(false) { "no" } else { "yes" };
            table.row(vec![text(&place["name"]), around.unwrap_or_default(), active.to_owned()]);
        }
        table.render(self.app.out)
    }

    /// A partner's list against DHIS2: what is clear is accepted, and of what is not a person says which it is.
    pub(super) async fn match_facilities(&self) -> Result<(), Failure> {
        let engine = self.workspace()?.open(Cancel::default(), Pace::default()).await?;
        let view = engine.places_now(places::CROSSWALK, None).await?;
        let found = engine.match_places(&view).await?;
        self.tell(&self.heading("8", "Which facility is which", &format!("match {}", places::CROSSWALK)))?;
        self.tell("  A partner has a list of its own: other spellings, no codes.\n\n")?;
        self.tell(&self.proposals(&found))?;

        let mut choices = match_places::clear(&found, view.today(), BY);
        let clear = counted(choices.len() as u64, "is clear and is", "are clear and are");
        let unclear = found.matches.iter().find(|row| row.says == "unclear" && row.one.is_some() && row.two.is_some());
        choices.extend(unclear.map(|row| PlaceChoice {
            one: row.one.as_ref().map(|place| place.id.clone()),
            two: row.two.as_ref().map(|place| place.id.clone()),
            decision: PlaceDecision::Accept,
            seen: row.reasons.join("; "),
            why: "asked by phone".to_owned(),
            by: BY.to_owned(),
            place: "the proposals".to_owned(),
        }));
        let kept = view.decide(&choices, None)?;
        codes_file::replace(&codes_file::path(&self.root, places::CROSSWALK), &kept.table.write())?;
        engine.places_decided(&view, &kept).await?;
        let asked = if unclear.is_some() { "; of an unclear one a person has said which it is" } else { "" };
        let said = format!("{clear} accepted{asked}. What is decided stands in codes/{}.csv, and is not asked again.", places::CROSSWALK);
        self.tell(&format!("\n  {}\n", self.app.out.wrap(&said, 2)))?;

        let engine = self.workspace()?.open(Cancel::default(), Pace::default()).await?;
        let mut lists = engine.code_lists().await?;
        lists.retain(|list| list.crosswalk);
        let command = self.app.out.command("kivuko codes list");
        self.tell(&format!("\n  The crosswalks by now, by {command}:\n\n{}", codes::listed(&lists, 2, self.app.out)))
    }

    /// What the matcher says of each facility of the partner.
    fn proposals(&self, found: &PlaceMatches) -> String {
        let out = self.app.out;
        let mut table = Table::new(&["partner", "DHIS2", "says", ">score", "why"]).indented(2);
        for row in found.matches.iter().filter(|row| row.one.is_some()) {
            let name = |place: &Option<kivuko_engine::PlaceShown>| place.as_ref().map(|place| place.name.clone()).unwrap_or_default();
            let says = match row.says {
                "same" => out.good(row.says),
                "unclear" => out.warn(row.says),
                _ => out.dim(row.says),
            };
            let score = row.score.map(|score| format!("{score:.2}")).unwrap_or_default();
            let reasons: Vec<&str> = row.reasons.iter().take(REASONS).map(String::as_str).collect();
            table.row(vec![name(&row.one), name(&row.two), says, score, out.dim(&reasons.join("; "))]);
        }
        table.render(out)
    }
}
