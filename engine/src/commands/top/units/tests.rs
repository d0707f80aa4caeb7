use super::*;

#[test]
fn counts_are_grouped() {
    for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
        assert_eq!(grouped(n), text);
    }
    assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
}

#[test]
fn rates_have_a_decimal_only_where_it_tells_something() {
    for (r, text) in [(0.0, "0"), (0.04, "0.0"), (9.94, "9.9"), (9.96, "10"), (4_512.4, "4,512")] {
        assert_eq!(rate(r), text);
    }
}

#[test]
fn mantissas_keep_their_decimals() {
    for (mantissa, decimals, text) in [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (-5, 3, "-0.005"),
        (123_456_789, 2, "1,234,567.89"),
        (i128::from(i64::MIN), 8, "-92,233,720,368.54775808"),
        (7, 16, "0.0000000000000007"),
    ] {
        assert_eq!(fixed(mantissa, decimals), text);
    }
    assert!(fixed(i128::MIN, 16).starts_with("-17,014,118,346,046,923,173,168.7303715884105728"));
}

#[test]
fn amounts_round_to_the_nearest_and_never_to_minus_nothing() {
    const ONE: i128 = crosstick_model::amount::AMOUNT_ONE;
    for (amount, shown, text) in [
        (ONE, 2, "1.00"),
        (ONE / 200, 2, "0.01"),
        (ONE / 200 - 1, 2, "0.00"),
        (-ONE / 200, 2, "-0.01"),
        (1 - ONE / 200, 2, "0.00"),
        (-1, 4, "0.0000"),
        (1_234 * ONE + ONE / 2, 0, "1,235"),
    ] {
        assert_eq!(amount_text(amount, shown), text, "{amount}");
    }
    assert!(amount_text(i128::MIN, 2).starts_with('-') && !amount_text(i128::MAX, 2).is_empty());
    assert_eq!(Number::signed(ONE, 2).text, "+1.00");
    assert_eq!(Number::signed(-ONE, 2).text, "-1.00");
}

#[test]
fn a_step_says_how_many_decimals_are_worth_showing() {
    for (step, decimals, wanted) in
        [(1_000_000, 8, 2), (1, 8, 8), (100_000_000, 8, 0), (10_000_000_000, 8, 0), (0, 3, 3)]
    {
        assert_eq!(decimals_of_step(step, decimals), wanted, "{step}");
    }
    assert_eq!(at_step(6_012_310_000_000, 8, 2).text, "60,123.10");
    assert_eq!(at_step(6_012_310_100_000, 8, 2).text, "60,123.101", "what is off the step is not hidden");
    assert_eq!(at_step(0, 8, 2).text, "0.00");
}

#[test]
fn ages_and_latencies_carry_their_unit() {
    for (ns, text) in [
        (0, "<1 ms"),
        (999_999, "<1 ms"),
        (1_000_000, "1 ms"),
        (999_999_999, "999 ms"),
        (1_290_000_000, "1.2 s"),
        (119_999_999_999, "119 s"),
        (120_000_000_000, "2 min"),
        (7_200_000_000_000, "2 h"),
        (172_800_000_000_000, "2 d"),
    ] {
        assert_eq!(age(ns), text);
    }
    for (ns, text) in [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1.00 µs"),
        (9_996, "10.0 µs"),
        (99_960, "100 µs"),
        (1_234_000, "1.23 ms"),
        (68_700_000_000, "68.7 s"),
    ] {
        assert_eq!(latency(ns), text);
    }
    assert_eq!(clockwork(754_000_000_000), "0:12:34");
    assert_eq!(clockwork(273_906_000_000_000), "3 d 04:05:06");
    assert_eq!(time_of_day(1_700_000_000_123_456_789), "22:13:20.123");
}

#[test]
fn shares_are_percents() {
    for (share, text) in [
        (0.0, "0 %"),
        (0.012, "1.2 %"),
        (0.1, "10 %"),
        (0.994, "99 %"),
        (0.9956, "99.6 %"),
        (0.99999, "99.9 %"),
        (1.0, "100 %"),
        (1.254, "125 %"),
    ] {
        assert_eq!(percent(share), text);
    }
}
