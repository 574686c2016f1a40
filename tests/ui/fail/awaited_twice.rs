//! CPython says at run time: cannot reuse already awaited coroutine.
use cede::Awaitable;

#[cede::coroutine]
fn one() -> u32 {
    1
}

#[cede::coroutine]
fn twice() -> u32 {
    let coroutine = one();
    coroutine.await + coroutine.await
}

fn main() {
    let by_hand = one();
    by_hand.await_();
    by_hand.await_();

    let given_away = one();
    cede::create_task(given_away);
    given_away.await_();

    let driven = twice();
    let _driven = driven.start();
    driven.await_();
}
