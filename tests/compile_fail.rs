//! What must not compile, and says why at the user's own token (`ui/fail`); and what must compile without a
//! warning (`ui/pass`). Runs no code of ours, so it is left out where AddressSanitizer looks on.
#![forbid(unsafe_code)]
#![cfg(not(feature = "sanitizer"))]

/// The `.stderr` files are written anew with `TRYBUILD=overwrite`; read them before they are kept.
#[test]
fn misuse_that_the_compiler_can_see_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
