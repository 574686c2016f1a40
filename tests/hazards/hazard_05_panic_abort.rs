//! Hazard 5: with `panic = "abort"`, dropping a suspended coroutine was a SIGABRT without a word. Here it
//! does not compile, and the compiler says why.
#![cfg(not(feature = "sanitizer"))]

use std::process::Command;

use cede_tests::data;

#[test]
fn with_panic_abort_it_does_not_compile_and_says_why() {
    let test = std::env::current_exe().expect("a test knows its own path");
    let deps = test.parent().expect("a test lies in PROFILE/deps");
    let target = deps.join("panic-abort");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["check", "--quiet", "--package", "cede", "--config", "profile.dev.panic='abort'"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(data())
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{text}");
    assert!(
        text.contains(
            "cede needs panic = \"unwind\": a suspended stack is left by unwinding; remove panic = \"abort\" \
             from the profile"
        ),
        "{text}"
    );
}
