//! A coroutine driven by hand: 7 comes out, 42 goes in.
//!
//! An awaitable decides what its await does: this one yields to who drives it.

use cede::Awaitable;

struct Rock;

impl Awaitable for Rock {
    type Output = cede::Result<i32>;

    fn await_(self) -> Self::Output {
        let value_sent_in = cede::yield_to_driver(7)?;
        println!("Rock.__await__ resuming with value: {value_sent_in}.");
        Ok(value_sent_in)
    }
}

#[cede::coroutine]
fn main() -> cede::Result<i32> {
    println!("Beginning coroutine main().");
    let rock = Rock;
    println!("Awaiting rock...");
    let value_from_rock = rock.await?;
    println!("Coroutine received value: {value_from_rock} from rock.");
    Ok(23)
}

pub fn demo() -> Result<(), cede::BoxError> {
    let coroutine = main().start();
    let value: i32 = coroutine.send(())?.yielded();
    println!("Coroutine paused and returned intermediate value: {value}.");

    println!("Resuming coroutine and sending in value: 42.");
    let value = coroutine.send(42)?.complete()?;
    println!("Coroutine main() finished and provided value: {value}.");
    Ok(())
}
