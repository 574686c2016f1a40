//! Three gardeners count their trees, each a turn after the one before. In the usual order the sum is right.
//!
//! Between looking and counting each cedes. In another order one looks before the other has counted.

use cede::Awaitable;
use std::cell::Cell;
use std::rc::Rc;

#[cede::coroutine]
fn gardener(planted: Rc<Cell<u32>>, late: u32) -> cede::Result<()> {
    for _ in 0..late {
        cede::yield_now().await?;
    }
    let seen = planted.get();
    cede::yield_now().await?; // whoever counts now is forgotten
    planted.set(seen + 1);
    Ok(())
}

pub fn plant() {
    let planted = Rc::new(Cell::new(0));
    let gardeners = [0, 1, 2].map(|late| cede::create_task(gardener(planted.clone(), late)));
    for gardener in gardeners {
        gardener.flatten().await_().unwrap();
    }
    assert_eq!(planted.get(), 3, "a tree was forgotten");
}
