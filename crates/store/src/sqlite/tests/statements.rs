//! That no statement walks through a table that grows with the number of records, where it could go by an index.

use sqlx::Row as _;

use super::{super::query, Place};

async fn plan(statement: &'static str) -> Vec<String> {
    let place = Place::new();
    let store = place.sqlite().await;
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    sqlx::query(explain).fetch_all(&store.writer).await.unwrap().iter().map(|step| step.get("detail")).collect()
}

async fn check(statement: &'static str) {
    for step in plan(statement).await {
        for table in [
            "link",
            "sent",
            "outcome",
            "rejection",
            "waiting",
            "kept",
            "link_use",
            "link_key_value",
            "spill",
            "person",
            "person_key",
            "review",
            "decision",
            "cell",
            "counted",
            "counted_key",
            "contribution",
            "own_deletion",
        ] {
            assert!(!format!("{step} ").starts_with(&format!("SCAN {table} ")), "{step}\n{statement}");
        }
    }
}

#[tokio::test]
async fn pages_of_cells_come_in_order_without_sorting_the_rest() {
    for statement in [query!("cell_list"), query!("cell_due")] {
        let plan = plan(statement).await;
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}\n{statement}");
    }
}

#[tokio::test]
async fn growing_tables_are_read_by_an_index() {
    for statement in [
        query!("link_by_source"),
        query!("link_between"),
        query!("cell_numbers"),
        query!("cell_of_numbers"),
        query!("cell_list"),
        query!("cell_due"),
        query!("cell_touch"),
        query!("cell_update"),
        query!("cell_records"),
        query!("counted_get"),
        query!("counted_remove"),
        query!("counted_seen"),
        query!("counted_state"),
        query!("counted_get_recent"),
        query!("counted_recent_remove"),
        query!("cells_forget_recent"),
        query!("counted_change"),
        query!("counted_list"),
        query!("counted_key_remove"),
        query!("spreading_put"),
        query!("cell_records"),
        query!("cells_forget_keys"),
        query!("review_any_open"),
        query!("counted_unseen"),
        query!("counted_count"),
        query!("contribution_remove"),
        query!("contribution_list"),
        query!("contribution_nth"),
        concat!(query!("contribution_recent"), query!("contribution_nth_recent")),
        concat!(query!("contribution_recent"), query!("contribution_list_recent")),
        query!("own_deletion_get"),
        query!("own_deletion_remove"),
        query!("cells_forget_parts"),
        query!("cells_forget_records"),
        query!("cells_forget"),
        query!("review_close_others"),
        query!("link_by_key"),
        query!("link_by_target"),
        query!("link_count"),
        query!("link_some"),
        query!("link_resolve"),
        query!("link_remove"),
        query!("link_free_keys"),
        query!("link_use_put"),
        query!("link_seen"),
        query!("link_unseen"),
        query!("link_key_conflict"),
        query!("sent_get"),
        query!("sent_remove"),
        query!("outcome_list"),
        query!("rejection_close"),
        query!("rejection_open"),
        query!("rejection_discard"),
        query!("rejection_cells"),
        query!("rejection_get"),
        query!("waiting_forget"),
        query!("waiting_list"),
        query!("kept_last"),
        query!("purge_outcomes"),
        query!("purge_kept"),
        query!("purge_kept_pages"),
        query!("purge_told"),
        query!("find_links"),
        query!("find_outcomes"),
        query!("find_rejections"),
        query!("find_waiting"),
        query!("spill_get"),
        query!("spill_drop"),
        query!("people_find"),
        query!("people_remove"),
        query!("people_key_put"),
        query!("review_close"),
        query!("decision_by_source"),
        query!("decision_unlink"),
    ] {
        check(statement).await;
    }
}

/// An order by id alone would be met by a walk through all links, which is a search by the row's id in the words of the plan.
#[tokio::test]
async fn links_between_two_resources_are_read_by_their_index() {
    let place = Place::new();
    let store = place.sqlite().await;
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", query!("link_between")));
    let plan = sqlx::query(explain).fetch_all(&store.writer).await.unwrap();
    let steps: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
    assert_eq!(steps[0], "SEARCH link USING INDEX link_route (route=? AND rowid>?)", "{steps:?}");
}
