//! A yield reaches the driver through every await in between.
//!
//! outer() and inner() saw nothing of it: all three awaits paused as one stack.

use cede::Awaitable;

struct YieldToDriver;

impl Awaitable for YieldToDriver {
    type Output = cede::Result<&'static str>;

    fn await_(self) -> Self::Output {
        println!("      yielding from the deepest level");
        let answer: &str = cede::yield_to_driver("a value from below")?;
        println!("      the deepest level got: {answer}");
        Ok(answer)
    }
}

#[cede::coroutine]
fn inner() -> cede::Result<&'static str> {
    println!("    inner() begins");
    let answer = YieldToDriver.await?;
    println!("    inner() ends");
    Ok(answer)
}

#[cede::coroutine]
fn outer() -> cede::Result<&'static str> {
    println!("  outer() begins");
    let answer = inner().await?;
    println!("  outer() ends");
    Ok(answer)
}

pub fn demo() -> Result<(), cede::BoxError> {
    let coroutine = outer().start();
    let value = coroutine.send(())?.yielded::<&str>();
    println!("the driver got: {value}");
    let result = coroutine.send("an answer from above")?.complete()?;
    println!("the driver got the result: {result}");
    Ok(())
}
