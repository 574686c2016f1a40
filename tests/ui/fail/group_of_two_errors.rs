//! The tasks of a group have one error type, for they come out in one list.
fn main() {
    let _ = cede::task_group(|tg| {
        tg.create_task(cede::coroutine(|| Ok::<_, cede::Error>(())))?;
        tg.create_task(cede::coroutine(|| Ok::<_, std::io::Error>(())))?;
        Ok(())
    });
}
