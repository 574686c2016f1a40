//! `#[cede::main]` returns what its body returns.
#![deny(warnings)]

#[cede::main]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    cede::yield_now().await.map_err(|_| "cancelled")?;
    Ok(())
}
