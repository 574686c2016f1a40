//! What a coroutine returned is not awaitable again.
#[cede::coroutine]
fn nothing() {}

#[cede::main]
fn main() {
    nothing().await.await;
    println!("{:?}", ().await);
}
