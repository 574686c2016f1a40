//! A coroutine function makes an object, and runs nothing.
//!
//! The body is printed only after the object is shown: `send(())` started it.

use cede::{ResumeError, Step};

fn hello_printer() {
    println!("Hi, I am a lowly, simple printer.");
}

#[cede::coroutine]
fn special_fella(magic_number: u32) {
    println!(
        "I am a super special function. \
         By the way, my lucky number is: {magic_number}."
    );
}

pub fn demo() -> Result<(), ResumeError> {
    hello_printer();
    let coroutine = special_fella(3); // runs nothing
    let shown = format!("{coroutine:?}");
    println!("{} at ...>", shown.split(" at ").next().unwrap());
    if let Step::Complete(()) = coroutine.start().send(())? {
        println!("StopIteration"); // started by hand, and at its end
    }
    Ok(())
}
