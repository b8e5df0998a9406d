//! How often clusters that change are understood anew: soon enough to be told of, and never with all of the machine.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use model::ClusterId;

/// The window is not woken more often than this by one cluster.
pub(super) const QUIET: Duration = Duration::from_millis(100);
/// How often it is looked whether the lists are complete.
pub(super) const GLANCE: Duration = Duration::from_millis(10);
/// While a cluster is listed for the first time, understanding what is there so far rests this many times as long as it
/// took.
const LISTING_FIRST: u32 = 8;
/// Understanding what changes rests so many times as long as it took, for each cluster in which something changes: one or
/// ten of them, it stays below half a processor.
const SHARE: u32 = 2;
/// A cluster changes for so long after it was understood last.
const BUSY: Duration = Duration::from_secs(2);

/// How far a cluster is known when it was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is being listed for the first time, and that needs the machine.
    Listing,
    /// Listed, and understood before all of it was there. The first whole picture is waited for by somebody.
    Partial,
    Whole,
}

impl Standing {
    pub fn of(synced: bool, whole: bool) -> Self {
        match (synced, whole) {
            (false, _) => Standing::Listing,
            (true, false) => Standing::Partial,
            (true, true) => Standing::Whole,
        }
    }

    /// How long to rest after understanding that took so long, while so many clusters change.
    pub fn rest(self, took: Duration, busy: u32) -> Duration {
        match self {
            Standing::Listing => QUIET.max(took * LISTING_FIRST),
            Standing::Partial => GLANCE.max(took),
            Standing::Whole => QUIET.max(took * SHARE * busy),
        }
    }
}

/// When each cluster was understood last because it had changed.
#[derive(Default)]
pub(crate) struct Pace(HashMap<ClusterId, Instant>);

impl Pace {
    /// A cluster was understood; gives in how many something changes, with this one.
    pub fn looked(&mut self, cluster: &ClusterId, now: Instant) -> u32 {
        self.0.insert(cluster.clone(), now);
        self.0.retain(|_, last| now.saturating_duration_since(*last) < BUSY);
        self.0.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(clusters: u32, took: Duration) -> f64 {
        let rest = Standing::Whole.rest(took, clusters);
        f64::from(clusters) * took.as_secs_f64() / (took + rest).as_secs_f64()
    }

    #[test]
    fn however_many_clusters_change_understanding_them_takes_less_than_half_a_processor() {
        for clusters in [1, 2, 10, 40] {
            for millis in [1, 20, 70, 900] {
                let share = share(clusters, Duration::from_millis(millis));
                assert!(share < 0.5, "{clusters} clusters of {millis} ms: {share}");
            }
        }
    }

    #[test]
    fn one_cluster_that_is_quickly_understood_is_told_of_ten_times_a_second() {
        assert_eq!(Standing::Whole.rest(Duration::from_millis(20), 1), QUIET);
        assert_eq!(Standing::Partial.rest(Duration::from_millis(2), 9), GLANCE);
    }

    #[test]
    fn a_cluster_in_which_nothing_changes_any_more_leaves_its_share_to_the_others() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let [a, b] = ["a", "b"].map(|name| ClusterId(name.into()));
        assert_eq!(pace.looked(&a, start), 1);
        assert_eq!(pace.looked(&b, start), 2);
        assert_eq!(pace.looked(&b, start + BUSY), 1);
    }
}
