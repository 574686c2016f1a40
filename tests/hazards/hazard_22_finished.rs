//! Hazard 22: resuming a finished coroutine was a panic. Here it is an error, every time, however it ended.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use cede::{Co, Generator, GeneratorStatus, ResumeError};

/// A started generator that ends in this way when resumed.
fn ends(end: impl FnOnce(Co<i32>) + 'static) -> Generator<i32> {
    let generator = Generator::new(|co: Co<i32>| {
        co.yield_(1);
        end(co);
    });
    generator.start().unwrap();
    generator
}

#[test]
fn however_it_ended_a_generator_is_finished_for_ever() {
    let returned = ends(drop);
    returned.resume(()).unwrap();
    let raised = ends(|co| co.raise("boom"));
    raised.resume(()).unwrap_err();
    let panicked = ends(|_| resume_unwind(Box::new("boom")));
    catch_unwind(AssertUnwindSafe(|| panicked.resume(()))).unwrap_err();
    let thrown = ends(drop);
    thrown.throw("boom").unwrap_err();
    let closed = ends(drop);
    closed.close().unwrap();
    let never_started = Generator::new(|co: Co<i32>| co.yield_(1));
    never_started.close().unwrap();
    for generator in [returned, raised, panicked, thrown, closed, never_started] {
        assert_eq!(generator.status(), GeneratorStatus::Finished);
        for _ in 0..3 {
            assert!(matches!(generator.resume(()), Err(ResumeError::Finished)));
            assert!(matches!(generator.start(), Err(ResumeError::Finished)));
            assert!(matches!(generator.close(), Ok(None)));
            assert!(
                matches!(generator.throw("late"), Err(ResumeError::Raised(error)) if error.to_string() == "late")
            );
        }
        assert_eq!(generator.resume(()).unwrap_err().to_string(), "generator has finished");
    }
}

#[test]
fn a_finished_generator_gives_its_stack_back() {
    let generator = ends(drop);
    let pooled = cede::stack::pooled().stacks;
    generator.resume(()).unwrap();
    assert_eq!(cede::stack::pooled().stacks, pooled + 1);
}
