//! Work on the records of a page, on two threads at once: the machines that this runs on have two processors.

use std::panic::resume_unwind;

/// Half of so many records is worth a second thread: each takes some microseconds.
const WORTH_A_THREAD: usize = 200;

/// How many of the records of a page are dealt with on this thread; the rest is for another one.
pub fn own_share(records: usize) -> usize {
    if records < WORTH_A_THREAD { records } else { records / 2 }
}

/// Does two things at once, the second on a thread of its own.
pub fn side_by_side<R: Send>(own: impl FnOnce() -> R, other: Option<impl FnOnce() -> R + Send>) -> (R, Option<R>) {
    std::thread::scope(|scope| {
        let other = other.map(|other| scope.spawn(other));
        let own = own();
        (own, other.map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic))))
    })
}

/// Does the same with each of a list, in halves where there are many; what comes of it is in their order.
pub fn each<T: Send, R: Send>(mut items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let others = items.split_off(own_share(items.len()));
    let half = |items: Vec<T>| items.into_iter().map(&work).collect::<Vec<R>>();
    let other = (!others.is_empty()).then_some(|| half(others));
    let (mut done, other) = side_by_side(|| half(items), other);
    done.extend(other.into_iter().flatten());
    done
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn what_comes_of_it_is_in_order_whether_it_was_halved_or_not() {
        for many in [0, 1, 199, 200, 1001] {
            assert_eq!(each((0..many).collect(), |number| number * 2), (0..many).map(|number| number * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic(expected = "the 300th")]
    fn what_breaks_on_the_other_thread_breaks_here() {
        each((0..400).collect(), |number| assert_ne!(number, 300, "the 300th"));
    }
}
