use super::*;

const S: u64 = 1_000_000_000;

fn look(rates: &mut Rates, at: u64, counts: &[u64]) -> Vec<Option<f64>> {
    rates.begin(at, true);
    counts.iter().zip(0..).map(|(c, row)| rates.of(("count", row), *c)).collect()
}

#[test]
fn rates_are_of_the_last_seconds() {
    let mut rates = Rates::default();
    assert_eq!(look(&mut rates, 100 * S, &[1_000, 5]), [None, None]);
    assert_eq!(look(&mut rates, 101 * S, &[1_500, 5]), [Some(500.0), Some(0.0)]);
    assert_eq!(look(&mut rates, 102 * S, &[1_500, 8]), [Some(250.0), Some(1.5)]);
    for at in 103..110 {
        look(&mut rates, at * S, &[1_500, 8]);
    }
    assert_eq!(look(&mut rates, 110 * S, &[1_500, 8]), [Some(0.0), Some(0.0)], "what is long past does not count");
}

#[test]
fn a_counter_that_falls_or_an_engine_that_ended_has_no_rate() {
    let mut rates = Rates::default();
    look(&mut rates, 100 * S, &[1_000]);
    assert_eq!(look(&mut rates, 101 * S, &[900]), [None]);
    rates.begin(102 * S, false);
    assert_eq!(rates.of(("count", 0), 2_000), None);
    assert_eq!(look(&mut rates, 101 * S, &[3_000]), [None], "time that went back begins anew");
}

#[test]
fn however_often_one_looks_no_more_is_kept() {
    let mut rates = Rates::default();
    for i in 0..20_000u64 {
        look(&mut rates, 100 * S + i * 1_000_000, &[i * 2]);
    }
    assert!(rates.looks.len() <= LOOKS_MAX + 2, "{}", rates.looks.len());
    let rate = look(&mut rates, 120 * S, &[40_000])[0].unwrap();
    assert!((rate - 2_000.0).abs() < 20.0, "{rate}");
}

#[test]
fn a_row_that_is_missing_for_once_does_not_shift_the_others() {
    let mut rates = Rates::default();
    look(&mut rates, 100 * S, &[1_000, 50_000]);
    rates.begin(101 * S, true);
    assert_eq!(rates.of(("count", 1), 50_010), Some(10.0));
    assert_eq!(rates.of(("count", 2), 7), None, "nothing is known of it yet");
}
