//! Nothing outside this crate can make, copy or reuse an approved order: the compiler says so.

#[test]
fn only_risk_makes_an_approved_order() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
