//! A generator runs to its next yield, and pauses there.
//!
//! Making it runs nothing; each `next` gives it control until it yields or ends.

use cede::Generator;

fn get_random_number() -> Generator<u32> {
    Generator::new(|co| {
        // A poor source of randomness.
        println!("Hi");
        co.yield_(1);
        println!("Howdy");
        co.yield_(7);
    })
}

pub fn demo() {
    let mut generator = get_random_number(); // runs nothing
    println!("{}", generator.next().unwrap());
    println!("{}", generator.next().unwrap());
    if generator.next().is_none() {
        println!("StopIteration");
    }
}
