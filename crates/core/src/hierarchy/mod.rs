//! Records that lie in one another: how deep each lies, which of them lie in a circle, and which names two that lie beside each other must not share.
//!
//! Everything here is linear in the number of records, whatever their order, and ends with circles too.

mod siblings;

pub use siblings::{Names, Roster, Siblings};

use std::collections::HashMap;

/// For each record, by its id and that of the one that it lies in, the position of the latter; `None` where that is not among them.
pub fn parents(records: &[(&str, Option<&str>)]) -> Vec<Option<usize>> {
    let at: HashMap<&str, usize> = records.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
    records.iter().map(|(_, parent)| parent.and_then(|parent| at.get(parent).copied())).collect()
}

/// How many records each lies in. What lies in a circle, or below one, is as deep as there are records: deeper than all others.
pub fn depths(parents: &[Option<usize>]) -> Vec<usize> {
    let endless = parents.len();
    let mut depths: Vec<Option<usize>> = vec![None; parents.len()];
    let mut on_the_way = vec![false; parents.len()];
    for start in 0..parents.len() {
        let mut way = Vec::new();
        let mut next = Some(start);
        while let Some(at) = next.filter(|at| depths[*at].is_none() && !on_the_way[*at]) {
            on_the_way[at] = true;
            way.push(at);
            next = parents[at];
        }
        // Nothing above; or what is above is known; or it is on the way itself.
        let mut above = next.map_or(Some(0), |at| depths[at].map(|depth| depth + 1));
        for at in way.into_iter().rev() {
            let depth = above.map_or(endless, |depth| depth.min(endless));
            depths[at] = Some(depth);
            above = Some(depth + 1);
        }
    }
    depths.into_iter().flatten().collect()
}

/// The circles, each from one of its members upwards. The last one lies in the first.
pub fn circles(parents: &[Option<usize>]) -> Vec<Vec<usize>> {
    let mut circles = Vec::new();
    // By which walk each was come by.
    let mut walks: Vec<Option<usize>> = vec![None; parents.len()];
    for start in 0..parents.len() {
        let mut way = Vec::new();
        let mut next = Some(start);
        while let Some(at) = next.filter(|at| walks[*at].is_none()) {
            walks[at] = Some(start);
            way.push(at);
            next = parents[at];
        }
        if let Some(entered) = next.filter(|at| walks[*at] == Some(start)) {
            circles.push(way.into_iter().skip_while(|at| *at != entered).collect());
        }
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn depths_and_circles() {
        let check = |tree: &[(&str, Option<&str>)], expected: &[usize], round: &[&[&str]]| {
            let parents = parents(tree);
            assert_eq!(depths(&parents), expected, "{tree:?}");
            let circles = circles(&parents);
            let named: Vec<Vec<&str>> = circles.iter().map(|circle| circle.iter().map(|at| tree[*at].0).collect()).collect();
            assert_eq!(named, round, "{tree:?}");
        };
        check(&[], &[], &[]);
        check(&[("a", None), ("b", Some("a")), ("c", Some("b")), ("d", Some("a"))], &[0, 1, 2, 1], &[]);
        check(&[("c", Some("b")), ("b", Some("a")), ("a", Some("elsewhere"))], &[2, 1, 0], &[]);
        check(&[("a", Some("a"))], &[1], &[&["a"]]);
        check(&[("x", Some("y")), ("y", Some("x")), ("a", None)], &[3, 3, 0], &[&["x", "y"]]);
        check(&[("below", Some("x")), ("x", Some("y")), ("y", Some("x"))], &[3, 3, 3], &[&["x", "y"]]);
    }

    proptest! {
        #[test]
        fn one_more_than_the_parent(parents in proptest::collection::vec(proptest::option::of(0usize..30), 0..30)) {
            let parents: Vec<Option<usize>> =
                parents.iter().map(|parent| parent.filter(|parent| *parent < parents.len())).collect();
            let depths = depths(&parents);
            let circles = circles(&parents);
            for (at, parent) in parents.iter().enumerate() {
                let endless = depths[at] == parents.len();
                match parent {
                    Some(parent) if endless => prop_assert_eq!(depths[*parent], parents.len()),
                    Some(parent) => prop_assert_eq!(depths[at], depths[*parent] + 1),
                    None => prop_assert_eq!(depths[at], 0),
                }
                // Whoever comes back to itself is in exactly one circle, and nobody else is.
                let returns = std::iter::successors(*parent, |above| parents[*above]).take(parents.len()).any(|above| above == at);
                prop_assert_eq!(circles.iter().flatten().filter(|member| **member == at).count(), usize::from(returns));
            }
        }
    }
}
