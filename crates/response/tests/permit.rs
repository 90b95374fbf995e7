#![cfg(test)]
//! No way to a permit but the gate.

#[test]
fn a_permit_can_not_be_forged() {
    trybuild::TestCases::new().compile_fail("tests/forged/*.rs");
}
