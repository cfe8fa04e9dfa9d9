//! `review`: what waits for a person's decision.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Review {
    #[command(subcommand)]
    pub what: Option<ReviewWhat>,
    #[command(flatten)]
    pub list: ReviewList,
}

#[derive(Debug, Subcommand)]
pub enum ReviewWhat {
    /// The open questions (what `review` alone does)
    List(ReviewList),
    /// One question: its candidates with their scores and reasons, side by side; of a pair of places, what has changed
    Show {
        /// The number of the question
        id: i64,
        /// Fetch people's values from both systems and show them; they are masked otherwise
        #[arg(long)]
        show_values: bool,
    },
    /// It is this candidate
    Accept {
        /// The number of the question
        id: i64,
        /// The candidate: its id in the target, or its place in the list (1, 2 ...)
        candidate: String,
        #[command(flatten)]
        by: Judge,
    },
    /// It is none of them: somebody of its own
    New {
        /// The number of the question
        id: i64,
        #[command(flatten)]
        by: Judge,
    },
    /// The record is not to be carried over
    Discard {
        /// The number of the question
        id: i64,
        #[command(flatten)]
        by: Judge,
    },
    /// Of a pair of places that has changed: it holds all the same. It is asked again when it changes again
    Keep {
        /// The number of the question
        id: i64,
        #[command(flatten)]
        by: Judge,
    },
    /// Of a pair of places that has changed: it held until this day, and does not hold from the next day on
    End {
        /// The number of the question
        id: i64,
        /// The last day on which it held: 2026-06-30
        #[arg(value_name = "DAY")]
        day: String,
        #[command(flatten)]
        by: Judge,
    },
    /// Of a pair of places that has changed: these two are not, and never were, the same place
    Refuse {
        /// The number of the question
        id: i64,
        #[command(flatten)]
        by: Judge,
    },
    /// A record of the source is the same person as a record of the target, whatever it was linked to
    Merge {
        /// The name of the flow
        flow: String,
        /// The id in the source
        source: String,
        /// The id in the target
        target: String,
        #[command(flatten)]
        by: Corrector,
    },
    /// A record of the source was taken for somebody else: it is somebody of its own
    Split {
        /// The name of the flow
        flow: String,
        /// The id in the source
        source: String,
        #[command(flatten)]
        by: Corrector,
    },
    /// The link of a record is wrong, and who it is has to be asked again
    Unlink {
        /// The name of the flow
        flow: String,
        /// The id in the source
        source: String,
        #[command(flatten)]
        by: Corrector,
    },
    /// What was decided, by whom, when and why
    History(ReviewList),
}

#[derive(Debug, Default, Args)]
pub struct ReviewList {
    /// Only of this flow, or of this crosswalk
    pub flow: Option<String>,
    /// So many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
}

/// Who answers a question.
#[derive(Debug, Args)]
pub struct Judge {
    /// Who decides; it is kept [default: KIVUKO_USER, or the name of the user of this machine]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Why; it is kept
    #[arg(long, default_value = "")]
    pub reason: String,
}

/// Who corrects what was decided before.
#[derive(Debug, Args)]
pub struct Corrector {
    /// Who decides; it is kept [default: KIVUKO_USER, or the name of the user of this machine]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Why; it is kept
    #[arg(long)]
    pub reason: String,
}
