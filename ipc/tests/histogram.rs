//! The histogram against hdrhistogram and against sorted values.

use crosstick_ipc::histogram::{BUCKETS, VALUE_MAX, bucket_end};
use crosstick_ipc::{Recorder, Snapshot, Summary};
use proptest::prelude::*;

fn counted(values: &[u64]) -> Snapshot {
    let mut recorder = Recorder::local();
    values.iter().for_each(|v| recorder.record(*v));
    recorder.snapshot()
}

/// At least `truth`, and at most 1 % more.
fn close(told: u64, truth: u64) -> bool {
    told >= truth && (told - truth) * 100 <= truth
}

#[test]
fn buckets_cover_every_value_once_and_are_narrow() {
    let mut begin = 0;
    for bucket in 0..BUCKETS {
        let end = bucket_end(bucket);
        assert!(end >= begin && (end - begin) * 128 <= begin, "{bucket}: {begin} to {end}");
        for value in [begin, end] {
            assert_eq!(counted(&[value]).buckets().collect::<Vec<_>>(), [(end, 1)]);
        }
        begin = end + 1;
    }
    assert_eq!(begin, VALUE_MAX + 1);
}

#[test]
fn what_is_out_of_range_is_clamped_and_counted() {
    let summary = counted(&[0, 5, VALUE_MAX, VALUE_MAX + 1, u64::MAX]).summary();
    assert_eq!((summary.count, summary.clamped, summary.max), (5, 2, u64::MAX));
    assert_eq!(summary.p50, VALUE_MAX);
    assert_eq!(counted(&[0]).summary(), Summary { count: 1, ..Summary::default() });
}

#[test]
fn without_samples_all_is_zero() {
    assert_eq!(counted(&[]).summary(), Summary::default());
}

#[test]
fn percentiles_of_a_known_series() {
    let values: Vec<u64> = (1..=10_000).map(|i| i * 10).collect();
    let summary = counted(&values).summary();
    assert_eq!((summary.count, summary.max), (10_000, 100_000));
    for (told, truth) in [(summary.p50, 50_000), (summary.p90, 90_000), (summary.p99, 99_000), (summary.p999, 99_900)] {
        assert!(close(told, truth), "{told} for {truth}");
    }
}

fn latencies() -> impl Strategy<Value = Vec<u64>> {
    // Any magnitude is as likely as any other.
    let value = (0u32..36, any::<u64>()).prop_map(|(bits, n)| n & ((1 << bits) - 1) | (1 << bits));
    prop::collection::vec(value, 1..400)
}

proptest! {
    #[test]
    fn percentiles_are_those_of_hdrhistogram_and_near_the_truth(values in latencies()) {
        let snapshot = counted(&values);
        let mut reference = hdrhistogram::Histogram::<u64>::new_with_bounds(1, VALUE_MAX, 2).unwrap();
        values.iter().for_each(|v| reference.record(*v).unwrap());
        let hdr = snapshot.to_hdr();
        prop_assert_eq!(hdr.len(), values.len() as u64);
        let mut sorted = values.clone();
        sorted.sort_unstable();
        for percent in [1usize, 10, 50, 90, 99, 100] {
            let quantile = percent as f64 / 100.0;
            prop_assert_eq!(hdr.value_at_quantile(quantile), reference.value_at_quantile(quantile));
            let truth = sorted[(percent * sorted.len()).div_ceil(100) - 1];
            prop_assert!(close(hdr.value_at_quantile(quantile), truth), "{}: {}", percent, truth);
        }
        let summary = snapshot.summary();
        prop_assert_eq!((summary.max, summary.clamped), (*sorted.last().unwrap(), 0));
        prop_assert!(summary.p50 <= summary.p90 && summary.p90 <= summary.p99);
        prop_assert!(summary.p99 <= summary.p999 && summary.p999 <= summary.max);
    }

    #[test]
    fn two_threads_counts_add_up(a in latencies(), b in latencies()) {
        let mut merged = counted(&a);
        merged.merge(&counted(&b));
        prop_assert_eq!(merged, counted(&[a, b].concat()));
    }
}
