//! Context variables: copied when a task is made, set per task; a callback runs in a copy of the context in
//! which it was added. asyncio's own rows for them are test_context_1 to 6.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cede::{Awaitable, Context, ContextVar, Error, Promise, TaskFactory, copy_context};
use cede_tests::trace::{OnDrop, Trace, event_loop, run, run_briefly};

use super::{pass, secs, spawn};

static NAME: ContextVar<&str> = ContextVar::with_default("name", || "nope");
static NUMBER: ContextVar<i32> = ContextVar::new("number");

fn name() -> &'static str {
    NAME.get().expect("it has a default")
}

/// test_tasks: test_context_1
#[test]
fn a_task_has_a_copy_of_the_context_in_which_it_was_made() {
    run(|| {
        assert_eq!(name(), "nope");
        let sub = spawn(|| {
            cede::sleep(secs(1)).await_()?;
            assert_eq!(name(), "nope");
            NAME.set("something else");
            Ok(())
        });
        NAME.set("yes");
        assert_eq!(name(), "yes");
        sub.flatten().await_().unwrap();
        assert_eq!(name(), "yes");
    });
}

/// test_tasks: test_context_2
#[test]
fn a_done_callback_runs_in_the_context_in_which_it_was_added_and_changes_nobody_s() {
    run(|| {
        for round in ["one", "two"] {
            let promise = Promise::<()>::new();
            NAME.set("when added");
            promise.add_done_callback(|_| {
                assert_eq!(name(), "when added");
                NAME.set("something else");
            });
            NAME.set(round);
            let setter = promise.clone();
            cede::running_loop().unwrap().call_soon(move || setter.set_result(()).unwrap());
            promise.await_().unwrap();
            pass(1).unwrap();
            assert_eq!(name(), round);
        }
    });
    assert_eq!(name(), "nope");
}

/// test_tasks: test_context_3
#[test]
fn a_hundred_tasks_each_have_their_own() {
    run(|| {
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                spawn(move || {
                    for i in 0..10 {
                        NUMBER.set(number + i);
                        cede::sleep(secs((number as u64 * 7 + i as u64) % 5)).await_()?;
                        assert_eq!(NUMBER.get(), Some(number + i));
                    }
                    Ok(())
                })
            })
            .collect();
        cede::gather(tasks).await_().unwrap();
        assert_eq!(NUMBER.get(), None);
    });
}

/// test_tasks: test_context_4, test_context_5, test_context_6
#[test]
fn tasks_made_in_a_context_share_it() {
    run(|| {
        let context = copy_context();
        assert_eq!(context.get(&NUMBER), None);
        for number in [1, 2] {
            let task = context.create_task(cede::coroutine(move || {
                cede::yield_now().await_().unwrap();
                NUMBER.set(number);
            }));
            task.await_().unwrap();
            assert_eq!(context.get(&NUMBER), Some(number));
        }
        assert_eq!(NUMBER.get(), None, "ours is another one");
    });
}

/// test_taskgroups: test_taskgroup_task_context
#[test]
fn a_group_makes_tasks_in_a_context_too() {
    run(|| {
        let context = Context::new();
        cede::task_group(|tg| {
            for number in [1, 2] {
                let task = tg.create_task_in(
                    &context,
                    cede::coroutine(move || {
                        cede::yield_now().await_()?;
                        NUMBER.set(number);
                        Ok::<_, Error>(())
                    }),
                )?;
                task.await_()??;
                assert_eq!(context.get(&NUMBER), Some(number));
            }
            Ok(())
        })
        .unwrap();
    });
}

/// test_tasks: test_get_context
#[test]
fn a_task_tells_its_context() {
    run(|| {
        let context = copy_context();
        let task = context.create_task(cede::coroutine(|| NUMBER.set(5)));
        assert_eq!(task.context(), context);
        let other = cede::create_task(cede::coroutine(|| drop(NUMBER.set(6))));
        assert_ne!(other.context(), context);
        let theirs = other.context();
        task.await_().unwrap();
        other.await_().unwrap();
        assert_eq!((context.get(&NUMBER), theirs.get(&NUMBER)), (Some(5), Some(6)));
    });
}

/// test_eager_task_factory: test_context_vars
#[test]
fn an_eager_task_has_its_own_from_its_first_step() {
    run(|| {
        cede::running_loop().unwrap().set_task_factory(TaskFactory::eager());
        let seen = Rc::new(Cell::new(0));
        let see = seen.clone();
        NUMBER.set(1);
        let task = spawn(move || {
            assert_eq!(NUMBER.get(), Some(1));
            NUMBER.set(2);
            see.set(1);
            cede::sleep(secs(1)).await_()?;
            assert_eq!(NUMBER.get(), Some(2));
            NUMBER.set(3);
            see.set(2);
            Ok(())
        });
        assert_eq!((seen.get(), NUMBER.get()), (1, Some(1)));
        task.flatten().await_().unwrap();
        assert_eq!((seen.get(), NUMBER.get()), (2, Some(1)));
    });
}

#[test]
fn callbacks_and_timers_run_in_a_copy_of_the_context_in_which_they_were_made() {
    let seen: Rc<RefCell<Vec<Option<i32>>>> = Rc::default();
    let see = seen.clone();
    run(move || {
        let event_loop = cede::running_loop().unwrap();
        for number in 0..3 {
            NUMBER.set(number);
            let see = see.clone();
            let note = move || {
                see.borrow_mut().push(NUMBER.get());
                NUMBER.set(100);
            };
            match number {
                0 => drop(event_loop.call_soon(note)),
                1 => drop(event_loop.call_later(secs(1), note)),
                _ => drop(event_loop.call_at(event_loop.time() + secs(2), note)),
            }
        }
        cede::sleep(secs(5)).await_().unwrap();
        assert_eq!(NUMBER.get(), Some(2));
    });
    assert_eq!(*seen.borrow(), [Some(0), Some(1), Some(2)]);
}

#[test]
fn what_a_callback_sets_is_gone_with_it() {
    let event_loop = event_loop(&Trace::new());
    let seen = Rc::new(RefCell::new(Vec::new()));
    for number in [1, 2] {
        let see = seen.clone();
        event_loop.call_soon(move || {
            see.borrow_mut().push(NUMBER.get());
            NUMBER.set(number);
        });
    }
    run_briefly(&event_loop);
    assert_eq!(*seen.borrow(), [None, None]);
    assert_eq!(NUMBER.get(), None);
}

#[test]
fn a_task_made_in_a_callback_has_the_callback_s_variables() {
    run(|| {
        let promise = Promise::new();
        let setter = promise.clone();
        cede::running_loop().unwrap().call_soon(move || {
            NUMBER.set(7);
            cede::create_task(cede::coroutine(move || setter.set_result(NUMBER.get()).unwrap()));
        });
        assert_eq!(promise.await_().unwrap(), Some(7));
        assert_eq!(NUMBER.get(), None);
    });
}

#[test]
fn outside_a_loop_there_is_a_context_too_and_the_main_task_copies_it() {
    let context = copy_context();
    context.run(|| {
        NUMBER.set(3);
        let inside = run(|| {
            let before = NUMBER.get();
            NUMBER.set(4);
            before
        });
        assert_eq!((inside, NUMBER.get()), (Some(3), Some(3)));
    });
    assert_eq!((context.get(&NUMBER), NUMBER.get()), (Some(3), None));
}

#[test]
fn a_function_run_in_a_context_may_await_and_others_see_nothing_of_it() {
    run(|| {
        let context = Context::new();
        let other = spawn(|| {
            for _ in 0..3 {
                assert_eq!(NUMBER.get(), None);
                cede::yield_now().await_()?;
            }
            Ok(())
        });
        context.run(|| {
            NUMBER.set(9);
            pass(3).unwrap();
            assert_eq!(NUMBER.get(), Some(9));
        });
        assert_eq!((NUMBER.get(), context.get(&NUMBER)), (None, Some(9)));
        other.flatten().await_().unwrap();
    });
}

#[test]
fn a_context_is_left_when_its_function_panics() {
    run(|| {
        let context = Context::new();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            context.run(|| {
                NUMBER.set(9);
                panic!("rock")
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(NUMBER.get(), None);
    });
}

#[test]
fn a_token_takes_a_value_back() {
    run(|| {
        let first = NUMBER.set(1);
        let second = NUMBER.set(2);
        assert_eq!((first.old_value(), second.old_value()), (None, Some(1)));
        NUMBER.reset(second).unwrap();
        assert_eq!(NUMBER.get(), Some(1));
        NUMBER.reset(first).unwrap();
        assert_eq!(NUMBER.get(), None);
    });
}

/// Python's texts. That a token is used once needs no test: `reset` takes it.
#[test]
fn a_token_of_another_variable_or_another_context_is_refused() {
    static OTHER: ContextVar<i32> = ContextVar::new("other");
    run(|| {
        let error = NUMBER.reset(OTHER.set(1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "<Token var=<ContextVar name='other'>> was created by a different ContextVar"
        );
        let token = NUMBER.set(1);
        let error = Context::new().run(|| NUMBER.reset(token)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "<Token var=<ContextVar name='number'>> was created in a different Context"
        );
        assert_eq!(NUMBER.get(), Some(1));
    });
}

#[test]
fn a_copy_is_a_context_of_its_own() {
    run(|| {
        NUMBER.set(1);
        let (one, same) = (copy_context(), copy_context());
        assert_ne!(one, same);
        let copy = one.copy();
        one.run(|| NUMBER.set(2));
        assert_eq!((one.get(&NUMBER), copy.get(&NUMBER), same.get(&NUMBER)), (Some(2), Some(1), Some(1)));
        assert_eq!((one.len(), Context::new().is_empty(), one.clone() == one), (1, true, true));
        assert_eq!(format!("{one:?} {NUMBER:?}"), "<Context of 1 variables> <ContextVar name='number'>");
    });
}

#[test]
fn values_need_be_neither_send_nor_clone() {
    static SHARED: ContextVar<Rc<Cell<u32>>> = ContextVar::new("shared");
    struct Unique(u32);
    static UNIQUE: ContextVar<Unique> = ContextVar::new("unique");
    run(|| {
        SHARED.set(Rc::new(Cell::new(1)));
        UNIQUE.set(Unique(5));
        let task = spawn(|| {
            SHARED.get().expect("copied: the same Rc").set(2);
            Ok(UNIQUE.with(|unique| unique.map(|unique| unique.0)))
        });
        assert_eq!(task.flatten().await_().unwrap(), Some(5));
        assert_eq!(SHARED.get().unwrap().get(), 2);
    });
}

#[test]
fn a_variable_may_live_on_the_stack_and_another_of_its_name_is_another_one() {
    run(|| {
        let (one, two) = (ContextVar::new("twin"), ContextVar::new("twin"));
        one.set(1);
        two.set("two");
        assert_eq!((one.get(), two.get()), (Some(1), Some("two")));
        assert_eq!(one.name(), two.name());
    });
}

#[test]
fn values_go_with_the_last_context_that_has_them() {
    static HELD: ContextVar<OnDrop> = ContextVar::new("held");
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let task = spawn({
            let told = told.clone();
            move || {
                HELD.set(told.on_drop("value"));
                cede::sleep(secs(1)).await_()?;
                Ok(())
            }
        });
        pass(1).unwrap();
        assert!(told.take().is_empty());
        task.flatten().await_().unwrap();
        pass(1).unwrap();
        assert_eq!(told.take(), ["value"]);
    });
}
