//! Who prints first depends on what is awaited.
//!
//! Awaited coroutines kept control to the end; the first awaited task ceded it.

use crate::stage::Stage;

#[cede::coroutine]
fn factorial(n: u64) -> u64 {
    let mut total = 1;
    for value in 1..=n {
        total *= value;
    }
    println!("factorial({n}) = {total}");
    total
}

#[cede::coroutine]
fn simple_print() {
    println!("Hi, I am simple_print().");
}

#[cede::coroutine]
fn main() -> cede::Result<()> {
    println!("Awaiting coroutines:");
    let print_task = cede::create_task(simple_print());
    for n in [5, 10, 15] {
        factorial(n).await;
    }
    print_task.await?;

    println!("Awaiting tasks:");
    let print_task = cede::create_task(simple_print());
    for n in [5, 10, 15] {
        cede::create_task(factorial(n)).await?;
    }
    print_task.await?;
    Ok(())
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    stage.run(main())?
}
