#![cfg(test)]
//! No way to a permit but the gate: no literal, no copy, no default, no bytes.

use homeostat_response::Permit;

/// Has two answers for a type that implements `$of`, and then naming it does not compile.
macro_rules! never {
    ($of:path) => {{
        trait Two<A> {
            fn answer() {}
        }
        impl<T> Two<()> for T {}
        impl<T: $of> Two<u8> for T {}
        <Permit as Two<_>>::answer();
    }};
}

#[test]
fn a_permit_is_not_copied_defaulted_or_read() {
    never!(Clone);
    never!(Default);
    never!(serde::Serialize);
    never!(serde::de::DeserializeOwned);
}

#[test]
fn a_permit_is_not_written_down() {
    trybuild::TestCases::new().compile_fail("tests/forged/*.rs");
}
