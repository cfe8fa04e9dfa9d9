//! The account of a run, as one reads an account: what came in, what became of it, and why not all of it went through.

use kivuko_core::catalogue::network::CANCELLED;
use kivuko_core::catalogue::record::NEEDS_DECISION;
use kivuko_core::catalogue::run::{
    MARK_LEFT, MARK_WAITS, NUMBER_WRITTEN_OVER, REFUSED_BELONGS, REFUSED_MAY_BELONG, TARGET_EMPTIED, TOO_MANY_DELETES,
};
use kivuko_core::catalogue::store::INTERRUPTED;
use kivuko_core::error::{Cause, Code, Error};
use kivuko_core::outcome::{Counts, Outcome, Status};
use kivuko_engine::{CauseGroup, NumbersReport, RunReport, Told};

use super::Style;
use super::figures::{count, counted, seconds};

/// So many causes of an outcome are told, those with most records first.
const CAUSES: usize = 10;
/// What became of a record of the target that is there still, and no longer in use.
const SWITCHED_OFF: &str = "switched off";
/// So many places of a cause are told.
pub const PLACES: usize = 3;

/// What is told of a run, a plan or a revert.
#[derive(Debug)]
pub struct Account<'a> {
    /// `run 12 of cases`.
    pub title: String,
    pub status: Option<Status>,
    pub counts: &'a Counts,
    /// Where rows are put together to records: how many rows there were.
    pub rows: Option<u64>,
    /// Of a flow that counts.
    pub numbers: Option<NumbersReport>,
    /// How many of what the counts have as deleted were switched off.
    pub switched_off: u64,
    /// Records that were read and had been dealt with as they are.
    pub repeated: u64,
    pub seconds: Option<f64>,
    /// `written`, or for a plan `would be written`.
    pub written: &'static str,
    /// Why it ended early.
    pub stopped: Option<&'a Cause>,
    pub causes: &'a [CauseGroup],
    /// All places that are known of a cause are listed, and not only the first.
    pub all_places: bool,
    /// The run that was taken back, where this is a revert.
    pub takes_back: Option<&'a str>,
}

impl<'a> Account<'a> {
    /// The account of a run that has just ended.
    pub fn of(report: &'a RunReport) -> Self {
        Self {
            title: format!("run {} of {}", report.run, report.flow),
            status: Some(report.status),
            counts: &report.counts,
            rows: report.rows,
            numbers: report.numbers,
            switched_off: report.switched_off,
            repeated: report.repeated,
            seconds: Some(report.seconds),
            written: "written",
            stopped: report.error.as_ref().map(|error| &error.cause),
            causes: &report.causes,
            all_places: false,
            takes_back: None,
        }
    }
}

impl Account<'_> {
    /// The text.
    pub fn render(&self, style: Style) -> String {
        let mut head = vec![style.bold(&self.title)];
        if let Some(status) = self.status {
            let is_cut_off = self.stopped.is_some_and(|cause| cause.code == INTERRUPTED);
            head.push(if is_cut_off { style.cut_off() } else { style.status(status, self.counts.rejected + self.counts.writes.rejected) });
        }
        let mut effort = Vec::new();
        if let Some(taken) = self.seconds {
            effort.push(seconds(taken));
        }
        if self.counts.requests > 0 {
            effort.push(counted(self.counts.requests, "request", "requests"));
        }
        if !effort.is_empty() {
            head.push(style.dim(&effort.join(", ")));
        }
        let mut text = format!("{}\n\n", head.join("  "));
        if self.counts.read == 0 && self.stopped.is_none() {
            let why = match self.repeated {
                _ if self.status == Some(Status::Running) => "nothing put down yet".to_owned(),
                0 => "nothing read: there is nothing new in the source".to_owned(),
                repeated => nothing_new(repeated),
            };
            put!(text, "  {why}\n");
        } else {
            put!(text, "  {}\n", until(self.counts, self.switched_off, self.stopped, style));
        }
        if let Some(rows) = self.rows {
            put!(text, "  {}\n", style.dim(&format!("put together from {}", counted(rows, "row", "rows"))));
        }
        if let Some(writes) = writes(self.counts, self.switched_off, self.written) {
            put!(text, "  {writes}\n");
        }
        if let Some(line) = self.numbers.and_then(|numbers| beside_numbers(self.counts, numbers)) {
            put!(text, "  {line}\n");
        }
        if let Some(cause) = self.stopped {
            put!(text, "\n  {} {}\n", style.error("stopped early"), style.dim(&cause.code.to_string()));
            put!(text, "  {}\n", style.wrap(&cause.message, 2));
        }
        for warning in self.causes.iter().filter(|group| is_of_the_target(group)) {
            put!(text, "\n  {}  {}\n", style.warn("warning"), style.dim(&warning.code.to_string()));
            put!(text, "  {}\n", style.wrap(&warning.message, 2));
        }
        let mut under = |heading: &str, groups: Vec<&CauseGroup>| {
            if !groups.is_empty() {
                put!(text, "\n  {heading}\n");
                text.push_str(&grouped(&groups, if self.all_places { usize::MAX } else { PLACES }, style));
            }
        };
        let of_records = |group: &&CauseGroup| !is_of_the_target(group) && !is_of_marks(group);
        for outcome in Outcome::ALL {
            let groups = self.causes.iter().filter(of_records).filter(|group| group.outcome == outcome).collect();
            under(&style.outcome(outcome, &heading(outcome)), groups);
        }
        under(&style.warn("on marks of completeness"), self.causes.iter().filter(|group| is_of_marks(group)).collect());
        text
    }
}

/// What stands above the causes of an outcome. What got through did so in spite of them.
fn heading(outcome: Outcome) -> String {
    match outcome {
        Outcome::Created | Outcome::Updated | Outcome::Unchanged => format!("{} with a warning", outcome.word()),
        _ => format!("why {}", outcome.word()),
    }
}

/// Whether something was told of the target as a whole, and is no reason of what became of a record.
pub fn is_of_the_target(group: &CauseGroup) -> bool {
    group.code == TARGET_EMPTIED
}

/// Whether something was told of what is marked as complete, or was not, and of no record.
fn is_of_marks(group: &CauseGroup) -> bool {
    [MARK_LEFT, MARK_WAITS, REFUSED_BELONGS, REFUSED_MAY_BELONG].contains(&group.code)
}

/// `2,000 read = 1,937 created + 63 rejected`, the zeros left out.
pub fn sum(counts: &Counts, switched_off: u64, style: Style) -> String {
    // Of the parts of one record several may be switched off.
    let off = switched_off.min(counts.deleted);
    let outcomes = [
        (Outcome::Created, Outcome::Created.word(), counts.created),
        (Outcome::Updated, Outcome::Updated.word(), counts.updated),
        (Outcome::Unchanged, Outcome::Unchanged.word(), counts.unchanged),
        (Outcome::Deleted, SWITCHED_OFF, off),
        (Outcome::Deleted, Outcome::Deleted.word(), counts.deleted - off),
        (Outcome::Skipped, Outcome::Skipped.word(), counts.skipped),
        (Outcome::Waiting, Outcome::Waiting.word(), counts.waiting),
        (Outcome::Rejected, Outcome::Rejected.word(), counts.rejected),
        (Outcome::Failed, Outcome::Failed.word(), counts.failed),
    ];
    let mut parts: Vec<String> = outcomes
        .iter()
        .filter(|(.., number)| *number > 0)
        .map(|(outcome, word, number)| style.outcome(*outcome, &format!("{} {word}", count(*number))))
        .collect();
    if counts.counted > 0 {
        parts.insert(0, style.good(&format!("{} counted", count(counts.counted))));
    }
    if counts.read == 0 {
        return "nothing read".to_owned();
    }
    format!("{} read = {}", count(counts.read), parts.join(" + "))
}

/// The same of a run that may have been cut off: what it did until then.
pub fn until(counts: &Counts, switched_off: u64, stopped: Option<&Cause>, style: Style) -> String {
    if counts.read == 0 && stopped.is_some_and(|cause| cause.code == INTERRUPTED) {
        return "nothing put down".to_owned();
    }
    sum(counts, switched_off, style)
}

/// What is told where nothing is accounted for, although records were read.
fn nothing_new(repeated: u64) -> String {
    format!("nothing new: {} not changed", counted(repeated, "record was read again and has", "records were read again and have"))
}

/// The same in one line, with the numbers that no record became, since records are counted, and with what was told of the target as a whole.
pub fn in_a_line(counts: &Counts, told: &Told, stopped: Option<&Cause>, style: Style) -> String {
    let written = counts.writes;
    let is_told = counts.created + counts.updated == 0 && (written.created + written.updated > 0 || counts.deleted == 0);
    let account = match told.repeated {
        repeated if repeated > 0 && counts.read == 0 && stopped.is_none() => nothing_new(repeated),
        _ => until(counts, told.switched_off, stopped, style),
    };
    let writes = writes(counts, told.switched_off, "written").filter(|_| is_told);
    let of_target = told.causes.iter().find(|group| is_of_the_target(group));
    let warning = of_target.map(|group| style.warn(&format!("{}: the target has lost much of what was sent", group.code)));
    let parts = [Some(account), writes, told.numbers.and_then(|numbers| beside_numbers(counts, numbers)), warning];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What took effect. What was rejected of records stands in the line above already.
fn writes(counts: &Counts, switched_off: u64, verb: &str) -> Option<String> {
    let written = counts.writes;
    let off = switched_off.min(written.deleted);
    let parts: Vec<String> =
        [(written.created, "created"), (written.updated, "updated"), (off, SWITCHED_OFF), (written.deleted - off, "deleted")]
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{} {word}", count(*number)))
            .collect();
    if parts.is_empty() { None } else { Some(format!("{verb}: {}", parts.join(", "))) }
}

/// What a flow that counts tells beside its numbers; nothing where there is nothing of it.
fn beside_numbers(counts: &Counts, numbers: NumbersReport) -> Option<String> {
    let NumbersReport { late, not_open, completed, written_over } = numbers;
    let lines = [
        ("rejected", counts.writes.rejected, "number", "numbers"),
        ("changed in the target and written over", written_over, "number", "numbers"),
        ("completed", completed, "period and place", "periods and places"),
        ("late, not sent", late, "number", "numbers"),
        ("not open yet", not_open, "number", "numbers"),
    ];
    let told = lines.iter().filter(|(_, many, ..)| *many > 0);
    let told: Vec<String> = told.map(|(what, many, one, several)| format!("{what}: {}", counted(*many, one, several))).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Causes with their counts, codes and a few places: the first ones, and how many more there are.
pub fn grouped(groups: &[&CauseGroup], places_shown: usize, style: Style) -> String {
    let (groups, left_out) = groups.split_at(groups.len().min(CAUSES));
    let widest = groups.iter().map(|group| count(group.records).len()).max().unwrap_or(0).max(5);
    let indent = 2 + widest + 2 + 5 + 2;
    let mut text = String::new();
    for group in groups {
        put!(
            text,
            "  {:>widest$}  {}  {}\n",
            count(group.records),
            style.bold(&group.code.to_string()),
            style.wrap(&group.message, indent)
        );
        let mut details = Vec::new();
        if let Some(field) = &group.field {
            details.push(format!("field {field}"));
        }
        if let Some(unlisted) = &group.unlisted
            && !group.message.contains(&unlisted.value)
        {
            details.push(format!("value `{}` of {}", unlisted.value, unlisted.list));
        }
        details.extend(places(&group.examples, group.records, places_shown));
        if !details.is_empty() {
            put!(text, "{}{}\n", " ".repeat(indent), style.dim(&style.wrap(&details.join("; "), indent)));
        }
    }
    if !left_out.is_empty() {
        let records = left_out.iter().map(|group| group.records).sum();
        let more =
            format!("and {}, of {}", counted(left_out.len() as u64, "more cause", "more causes"), counted(records, "record", "records"));
        put!(text, "{}{}\n", " ".repeat(indent), style.dim(&more));
    }
    text
}

/// `cases.csv, row 17, row 30; old.csv, row 2 ...`: a file that is the same as that before is not named again.
fn places(examples: &[String], records: u64, shown: usize) -> Option<String> {
    let examples = &examples[..examples.len().min(shown)];
    let mut shown = examples.first()?.clone();
    for pair in examples.windows(2) {
        let file = pair[0].rsplit_once(", ").map(|(file, _)| file);
        match file.and_then(|file| pair[1].strip_prefix(file)?.strip_prefix(", ")) {
            Some(row) if !row.contains(", ") => put!(shown, ", {row}"),
            _ => put!(shown, "; {}", pair[1]),
        }
    }
    if records > examples.len() as u64 {
        shown.push_str(" ...");
    }
    Some(shown)
}

/// What a person does after this account: commands with what they are for.
pub fn next(account: &Account<'_>, flow: &str, run: Option<i64>, invoke: &dyn Fn(&str) -> String) -> Vec<(String, &'static str)> {
    let mut steps = Vec::new();
    let emptied = account.causes.iter().any(is_of_the_target);
    let code = account.stopped.map(|cause| cause.code).or(emptied.then_some(TARGET_EMPTIED)).or_else(|| {
        let worst = account.causes.iter().filter(|group| group.outcome >= Outcome::Waiting).max_by_key(|group| group.records);
        worst.map(|group| group.code)
    });
    if let Some(code) = code {
        steps.push((format!("kivuko explain {code}"), "what it means, how to check, how to cure it"));
    }
    if emptied {
        steps.push((invoke(&format!("plan {flow} --again")), "what it would take to write again what is gone"));
    }
    let is_cut = Outcome::ALL.iter().any(|outcome| account.causes.iter().filter(|group| group.outcome == *outcome).count() > CAUSES);
    let Some(run) = run else {
        if is_cut {
            steps.push((invoke(&format!("plan {flow} --json")), "all causes, and every record"));
        }
        return steps;
    };
    if !account.all_places && account.causes.iter().any(|group| group.examples.len() > PLACES) {
        steps.push((invoke(&format!("runs show {run}")), "all periods and places that were not marked complete"));
    }
    if account.causes.iter().any(|group| group.code == NEEDS_DECISION) {
        steps.push((invoke(&format!("review list {flow}")), "who waits for a person to decide who it is"));
    }
    if account.causes.iter().any(|group| group.code == NUMBER_WRITTEN_OVER) {
        steps.push((
            invoke(&format!("runs records {run} --outcome updated")),
            "every number that was written over, with what was there (`--outcome deleted`: those that were taken away)",
        ));
    }
    if account.counts.rejected > 0 && account.takes_back.is_some() {
        // A revert leaves no rejections: the next run of the flow has nothing to do with them.
        steps.push((invoke(&format!("runs records {run} --outcome rejected")), "what could not be taken back"));
    } else if account.counts.rejected > 0 {
        steps.extend(of_rejected(flow, invoke));
    }
    if account.counts.waiting > 0 {
        steps.push((invoke(&format!("runs records {run} --outcome waiting")), "what waits, and for what"));
    }
    let is_cut_off = account.stopped.is_some_and(|cause| cause.code == INTERRUPTED);
    if account.status == Some(Status::Incomplete) && account.stopped.is_none_or(|cause| is_of_a_system(cause.code)) {
        steps.push((invoke("systems test"), "whether the systems answer now"));
    }
    if account.status == Some(Status::Incomplete) || is_cut_off {
        match account.takes_back {
            // A run of the flow would write again what is taken back.
            Some(run) => steps.push((invoke(&format!("revert {run}")), "goes on where this one stopped")),
            // That run would stop in the same place.
            None if account.stopped.is_some_and(|cause| cause.code == TOO_MANY_DELETES) => {}
            None => steps.push((invoke(&format!("run {flow}")), "goes on where this run stopped")),
        }
    }
    steps
}

/// What to do about rejections that runs have put down.
pub fn of_rejected(flow: &str, invoke: &dyn Fn(&str) -> String) -> [(String, &'static str); 2] {
    [
        (invoke(&format!("rejects list {flow}")), "what was rejected, by cause"),
        (invoke(&format!("rejects retry {flow} --all")), "when it is repaired: send these again"),
    ]
}

/// Whether a code says that the network or the other system is the reason.
fn is_of_a_system(code: Code) -> bool {
    code != CANCELLED && matches!(code.0 / 100, 5 | 6)
}

/// An error that is not of one record, with what to do next.
pub fn error(error: &Error, style: Style) -> String {
    let mut text =
        format!("{} {}\n  {}\n", style.error("error"), style.dim(&error.cause.code.to_string()), style.wrap(&error.cause.message, 2));
    if let Some(cell) = &error.cause.cell {
        put!(text, "  {} {cell}\n", style.dim("in"));
    }
    if let Some(wait) = error.retry_after {
        put!(text, "  {}\n", style.dim(&format!("the other system asks to wait {}", seconds(wait.as_secs_f64()))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use kivuko_core::outcome::Writes;

    fn group(outcome: Outcome, code: u16, message: &str, field: Option<&str>, records: u64, examples: &[&str]) -> CauseGroup {
        CauseGroup {
            outcome,
            code: Code(code),
            message: message.into(),
            field: field.map(str::to_owned),
            unlisted: None,
            records,
            examples: examples.iter().map(|&place| place.to_owned()).collect(),
        }
    }

    /// Of a run that is complete, and of which nothing more is known.
    fn account_of<'a>(title: &str, counts: &'a Counts) -> Account<'a> {
        Account {
            title: title.into(),
            status: Some(Status::Complete),
            counts,
            rows: None,
            numbers: None,
            switched_off: 0,
            repeated: 0,
            seconds: None,
            written: "written",
            stopped: None,
            causes: &[],
            all_places: false,
            takes_back: None,
        }
    }

    #[test]
    fn the_list_of_runs_says_what_numbers_were_written() {
        let check = |counts: Counts, told: Told, expected: &str| assert_eq!(in_a_line(&counts, &told, None, Style::PLAIN), expected);
        let nothing = Told::default();
        let writes = Writes { created: 4, ..Writes::default() };
        check(Counts { read: 2, rejected: 2, writes, ..Counts::default() }, nothing.clone(), "2 read = 2 rejected; written: 4 created");
        check(Counts { writes, ..Counts::default() }, nothing.clone(), "nothing read; written: 4 created");
        let taken_back = Counts { read: 3, counted: 2, deleted: 1, writes, ..Counts::default() };
        check(taken_back, nothing.clone(), "3 read = 2 counted + 1 deleted; written: 4 created");
        let places = Counts { read: 1, deleted: 1, writes: Writes { deleted: 1, ..Writes::default() }, ..Counts::default() };
        check(places, nothing.clone(), "1 read = 1 deleted");
        check(places, Told { switched_off: 1, ..nothing.clone() }, "1 read = 1 switched off");
        let numbers = Some(NumbersReport { late: 11, ..NumbersReport::default() });
        let refused = Counts { read: 3, unchanged: 3, writes: Writes { rejected: 2, ..Writes::default() }, ..Counts::default() };
        check(refused, Told { numbers, ..nothing.clone() }, "3 read = 3 unchanged; rejected: 2 numbers; late, not sent: 11 numbers");
        let records = Counts { read: 4, created: 4, writes, ..Counts::default() };
        check(records, nothing, "4 read = 4 created");
    }

    #[test]
    fn the_list_of_runs_says_what_was_read_in_vain_and_what_is_gone() {
        let check = |read, told: Told, expected: &str| {
            let counts = Counts { read, unchanged: read, ..Counts::default() };
            assert_eq!(in_a_line(&counts, &told, None, Style::PLAIN), expected);
        };
        check(0, Told::default(), "nothing read");
        check(0, Told { repeated: 1, ..Told::default() }, "nothing new: 1 record was read again and has not changed");
        check(0, Told { repeated: 2, ..Told::default() }, "nothing new: 2 records were read again and have not changed");
        check(1, Told { repeated: 2, ..Told::default() }, "1 read = 1 unchanged");
        let causes = vec![group(Outcome::Unchanged, TARGET_EMPTIED.0, "10 of 10 are no longer there", None, 1, &["godata"])];
        check(3, Told { causes, ..Told::default() }, "3 read = 3 unchanged; K0951: the target has lost much of what was sent");
    }

    #[test]
    fn what_was_switched_off_is_not_told_as_deleted() {
        let check = |deleted, writes_deleted, switched_off, expected: &str| {
            let counts = Counts {
                read: 5,
                unchanged: 5 - deleted,
                deleted,
                writes: Writes { deleted: writes_deleted, ..Writes::default() },
                ..Counts::default()
            };
            let written = writes(&counts, switched_off, "written").unwrap_or_default();
            assert_eq!(format!("{}; {written}", sum(&counts, switched_off, Style::PLAIN)), expected);
        };
        check(2, 2, 2, "5 read = 3 unchanged + 2 switched off; written: 2 switched off");
        // Of one only the link went.
        check(2, 1, 1, "5 read = 3 unchanged + 1 switched off + 1 deleted; written: 1 switched off");
        check(2, 2, 0, "5 read = 3 unchanged + 2 deleted; written: 2 deleted");
        // Two parts of one record.
        check(1, 2, 2, "5 read = 4 unchanged + 1 switched off; written: 2 switched off");
    }

    #[test]
    fn an_account_reads_like_one() {
        let counts = Counts {
            read: 2000,
            created: 1937,
            rejected: 61,
            waiting: 2,
            writes: Writes { created: 1937, rejected: 4, ..Writes::default() },
            requests: 41,
            ..Counts::default()
        };
        let causes = [
            group(
                Outcome::Rejected,
                306,
                "`Guéckedougou` is not in the code map `places`",
                Some("addresses[0].locationId"),
                41,
                &["cases.csv, row 17", "cases.csv, row 30", "cases.csv, row 41"],
            ),
            group(
                Outcome::Rejected,
                304,
                "not a date of the form dd/MM/yyyy",
                Some("dateOfOnset"),
                20,
                &["cases.csv, row 9", "old.csv, row 2"],
            ),
            group(Outcome::Waiting, 901, "the contact has not arrived", None, 2, &["cases.csv, row 5", "cases.csv, row 6"]),
        ];
        let account = Account { seconds: Some(4.21), causes: &causes, ..account_of("run 12 of cases", &counts) };
        let steps = next(&account, "cases", Some(12), &|rest| format!("kivuko {rest}"));
        insta::assert_snapshot!(format!("{}\n{}", account.render(Style::PLAIN), super::super::style::next_steps(Style::PLAIN, &steps)));
    }

    #[test]
    fn a_run_that_stopped_says_why_and_how_to_go_on() {
        let counts = Counts { read: 500, unchanged: 100, failed: 400, requests: 7, ..Counts::default() };
        let cause = Cause::new(Code(501), "godata does not answer at http://godata.example: the connection was refused, 5 tries");
        let account = Account {
            status: Some(Status::Incomplete),
            seconds: Some(200.0),
            stopped: Some(&cause),
            ..account_of("run 13 of cases", &counts)
        };
        let steps = next(&account, "cases", Some(13), &|rest| format!("kivuko {rest} --env production"));
        insta::assert_snapshot!(format!("{}\n{}", account.render(Style::PLAIN), super::super::style::next_steps(Style::PLAIN, &steps)));
    }

    /// Nothing has changed in the source, and nothing is where it was sent to: that is no reason of an outcome.
    #[test]
    fn a_target_that_was_emptied_is_a_warning() {
        let counts = Counts { read: 10, unchanged: 10, ..Counts::default() };
        let message = "10 of 10 linked records that were looked for in godata are no longer there";
        let causes = [
            group(Outcome::Unchanged, TARGET_EMPTIED.0, message, None, 1, &["godata"]),
            group(Outcome::Unchanged, 954, "somebody changed it in the target", Some("name"), 1, &["places 4"]),
        ];
        let account = Account { causes: &causes, ..account_of("run 16 of places", &counts) };
        let text = account.render(Style::PLAIN);
        let warning = format!(
            "run 16 of places  complete\n\n  10 read = 10 unchanged\n\n  warning  K0951\n  {message}\n\n  unchanged with a warning\n"
        );
        assert!(text.starts_with(&warning) && text.matches("K0951").count() == 1, "{text}");
        let steps = next(&account, "places", Some(16), &|rest| format!("kivuko {rest}"));
        let commands: Vec<&str> = steps.iter().map(|(command, _)| command.as_str()).collect();
        assert_eq!(commands, ["kivuko explain K0951", "kivuko plan places --again"]);
    }

    #[test]
    fn places_are_told_apart() {
        let check = |examples: &[&str], expected: &str| {
            let examples: Vec<String> = examples.iter().map(|&place| place.to_owned()).collect();
            assert_eq!(places(&examples, examples.len() as u64, PLACES).as_deref(), Some(expected));
        };
        check(&["cases.csv, row 9", "old.csv, row 2", "old.csv, row 3"], "cases.csv, row 9; old.csv, row 2, row 3");
        check(&["cases.csv, row 9", "old.csv, row 2", "cases.csv, row 10"], "cases.csv, row 9; old.csv, row 2; cases.csv, row 10");
        check(&["deaths, 2026W24, Bo", "cases, 2026W24, Bo", "cases, 2026W24, Kenema"], "deaths, 2026W24, Bo; cases, 2026W24, Bo, Kenema");
        check(&["cases, 2026W24, Bo", "cases, 2026W24, Bo, Female, 0-4"], "cases, 2026W24, Bo; cases, 2026W24, Bo, Female, 0-4");
        check(&["hmis", "godata"], "hmis; godata");
    }

    #[test]
    fn what_is_told_of_marks_stands_by_itself() {
        let causes = [group(Outcome::Unchanged, 957, "it is left so", None, 1, &["complete, 2026W24, Bo"])];
        let counts = Counts { read: 5, unchanged: 5, ..Counts::default() };
        let text = Account { causes: &causes, ..account_of("run 16 of weekly", &counts) }.render(Style::PLAIN);
        let expected = "run 16 of weekly  complete\n\n  5 read = 5 unchanged\n\n  on marks of completeness\n      1  K0957  it is left so\n                complete, 2026W24, Bo\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn of_many_causes_the_most_frequent_are_told() {
        let causes: Vec<CauseGroup> = (0..322)
            .map(|number| group(Outcome::Rejected, 609, &format!("cause number {number}"), None, 400 - number, &["row 1"]))
            .collect();
        let counts = Counts { read: 9, rejected: 9, ..Counts::default() };
        let account = Account { status: None, written: "would be written", causes: &causes, ..account_of("plan for units", &counts) };
        let text = account.render(Style::PLAIN);
        assert_eq!((text.matches("cause number").count(), text.contains("cause number 9")), (10, true), "{text}");
        assert!(text.contains("and 312 more causes, of 73,164 records"), "{text}");
        let steps =
            |run| next(&account, "units", run, &|rest| format!("kivuko {rest}")).into_iter().map(|(step, _)| step).collect::<Vec<_>>();
        assert!(steps(None).contains(&"kivuko plan units --json".to_owned()), "{:?}", steps(None));
        assert!(steps(Some(1)).contains(&"kivuko rejects list units".to_owned()), "{:?}", steps(Some(1)));
    }

    #[test]
    fn who_would_delete_too_much_is_not_told_to_run_again() {
        let counts = Counts::default();
        let cause = Cause::new(TOO_MANY_DELETES, "9 of 10 linked records would be removed");
        let account = Account { status: Some(Status::Incomplete), stopped: Some(&cause), ..account_of("run 15 of cases", &counts) };
        let steps = next(&account, "cases", Some(15), &|rest| format!("kivuko {rest}"));
        let commands: Vec<&str> = steps.iter().map(|(command, _)| command.as_str()).collect();
        assert_eq!(commands, ["kivuko explain K0906"]);
    }

    #[test]
    fn a_flow_that_counts_tells_what_was_completed_and_what_stays() {
        let account = |numbers| {
            let counts = Counts { read: 5, counted: 5, writes: Writes { created: 44, ..Writes::default() }, ..Counts::default() };
            Account { numbers: Some(numbers), ..account_of("run 16 of weekly-cases", &counts) }.render(Style::PLAIN)
        };
        let text = account(NumbersReport { late: 1, not_open: 0, completed: 3, written_over: 2 });
        assert_eq!(
            text,
            "run 16 of weekly-cases  complete\n\n  5 read = 5 counted\n  written: 44 created\n  changed in the target and written over: 2 numbers; completed: 3 periods and places; late, not sent: 1 number\n"
        );
        let text = account(NumbersReport::default());
        assert!(text.ends_with("  written: 44 created\n"), "{text}");
    }

    #[test]
    fn all_places_of_a_cause_are_listed_where_one_asks_for_a_run() {
        let places: Vec<String> = (20..25).map(|week| format!("complete, 2026W{week}, Norda")).collect();
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        let causes = [group(Outcome::Unchanged, 961, "a record that belongs here is refused", None, 5, &places)];
        let counts = Counts { read: 5, unchanged: 5, ..Counts::default() };
        let account = |all_places| Account { causes: &causes, all_places, ..account_of("run 17 of weekly-cases", &counts) };
        let check = |all_places: bool, shown: &str, leads: bool| {
            let account = account(all_places);
            let text = account.render(Style::PLAIN).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(shown), "{text}");
            let steps = next(&account, "weekly-cases", Some(17), &|rest| format!("kivuko {rest}"));
            assert_eq!(steps.iter().any(|(step, _)| step == "kivuko runs show 17"), leads, "{steps:?}");
        };
        check(false, "2026W20, Norda; complete, 2026W21, Norda; complete, 2026W22, Norda ...", true);
        check(true, "2026W23, Norda; complete, 2026W24, Norda", false);
    }

    #[test]
    fn a_run_without_anything_new_is_one_line() {
        let counts = Counts::default();
        let account = Account { seconds: Some(0.1), ..account_of("run 14 of cases", &counts) };
        insta::assert_snapshot!(account.render(Style::PLAIN));
    }
}
