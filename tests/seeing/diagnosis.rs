//! Reports about systems that run, or do not any more.

use std::rc::Rc;
use std::time::Duration;

use cede::sync::Lock;
use cede::{Awaitable, Promise, Task};
use cede_tests::child::in_child;
use cede_tests::trace::{run, unlined};

/// What a child process with this program says, without lines.
fn said(program: impl FnOnce()) -> String {
    unlined(&in_child(&[], program).succeeded())
}

fn run_to_deadlock<T: 'static>(main: impl FnOnce() -> T + 'static) {
    match cede::run(cede::coroutine(main).named("main")) {
        Err(error) if error.is_deadlock() => eprintln!("{error}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it ends"),
    }
}

type Slot = Rc<std::cell::RefCell<Option<Task<()>>>>;

/// A task of this name that waits for whatever is in the slot once it runs.
fn waits_for(name: &'static str, slot: &Slot) -> Task<()> {
    let slot = slot.clone();
    let other = move || slot.take().expect("it is there by now");
    cede::create_task(cede::coroutine(move || drop(other().await_())).named(name)).named(name)
}

#[test]
fn a_deadlock_of_three_tasks_names_the_circle() {
    let said = said(|| {
        run_to_deadlock(|| {
            let slots: [Slot; 3] = Default::default();
            let tasks =
                ["hole", "tree", "water"].iter().zip(&slots).map(|(name, slot)| waits_for(name, slot));
            let [hole, tree, water]: [Task<()>; 3] =
                tasks.collect::<Vec<_>>().try_into().expect("three of them");
            *slots[2].borrow_mut() = Some(hole);
            *slots[0].borrow_mut() = Some(tree);
            *slots[1].borrow_mut() = Some(water);
            Promise::<()>::new().await_()
        });
    });
    let here = "tests/seeing/diagnosis.rs";
    let expected = [
        "deadlock: nothing is ready, no timer is set, and nobody outside can wake the loop".to_owned(),
        format!(
            "  task 'Task-1' (main, created at {here}) waits for <Promise pending>, created at {here} at {here}"
        ),
        format!("  task 'hole' (hole, created at {here}) waits for task 'tree' at {here}"),
        format!("  task 'tree' (tree, created at {here}) waits for task 'water' at {here}"),
        format!("  task 'water' (water, created at {here}) waits for task 'hole' at {here}"),
        "  cycle: 'hole' → 'tree' → 'water' → 'hole'".to_owned(),
        format!("  nobody can set the promise made at {here}; whoever waits for it has its only handle"),
    ];
    // Before it, the end of the loop has reported each of them.
    let lines: Vec<_> = said.lines().skip_while(|line| line.starts_with("cede: ")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_promise_without_a_setter_is_named_and_whether_anybody_could_set_it() {
    let said = said(|| {
        run_to_deadlock(|| {
            let promise = Promise::<()>::new();
            let kept = promise.clone();
            let setter = cede::create_task(cede::coroutine(move || {
                Promise::<()>::new().await_()?; // nobody has another handle on this one
                kept.set_result(()).map_err(cede::Error::from)
            }));
            let waited = promise.await_();
            drop(setter);
            waited
        });
    });
    assert!(said.contains("nobody sets the promise made at"), "{said}");
    assert!(said.contains("it has 2 handles, all where nothing runs any more"), "{said}");
    assert!(said.contains("; whoever waits for it has its only handle"), "{said}");
}

#[test]
fn a_lock_held_across_an_await_by_a_forgotten_task_is_its_fault() {
    let said = said(|| {
        run_to_deadlock(|| {
            let garden = Rc::new(Lock::new(()));
            let (mine, never) = (garden.clone(), Promise::<()>::new());
            let forgotten = cede::coroutine(move || -> cede::Result<()> {
                let _held = mine.lock().await_()?;
                never.await_() // holding the lock
            });
            drop(cede::create_task(forgotten.named("digger")).named("forgotten"));
            cede::yield_now().await_()?;
            garden.lock().await_().map(drop)
        });
    });
    assert!(said.contains("task 'forgotten' holds the lock that it took at tests"), "{said}");
    assert!(said.contains(", and waits for <Promise pending>"), "{said}");
    assert!(said.contains("whoever waits for it has its only handle"), "{said}");
    assert!(!said.contains("cycle"), "{said}");
}

#[test]
fn two_tasks_that_hold_what_the_other_one_wants_are_a_circle() {
    let said = said(|| {
        run_to_deadlock(|| {
            let locks = Rc::new([Lock::new(()), Lock::new(())]);
            let both = [(0, "left"), (1, "right")].map(|(first, name)| {
                let locks = locks.clone();
                let takes = cede::coroutine(move || -> cede::Result<()> {
                    let _one = locks[first].lock().await_()?;
                    cede::yield_now().await_()?;
                    locks[1 - first].lock().await_().map(drop)?;
                    Ok(())
                });
                cede::create_task(takes.named("philosopher")).named(name)
            });
            both.into_iter().for_each(|task| drop(task.await_()));
        });
    });
    assert!(said.contains("cycle: 'left' → 'right' → 'left'"), "{said}");
}

#[test]
fn a_tree_and_a_list_say_who_waits_for_whom_since_when_and_where() {
    let (tree, list, cycles) = run(|| {
        let lock = Rc::new(Lock::new(()));
        let (held, wanted) = (lock.clone(), lock);
        let sleeper = cede::create_task(
            cede::coroutine(move || -> cede::Result<()> {
                let _held = held.lock().await_()?;
                Ok(cede::sleep(Duration::from_secs(60)).await_()?)
            })
            .named("sleeper"),
        )
        .named("holder");
        let waiter = cede::create_task(
            cede::coroutine(move || -> cede::Result<()> {
                wanted.lock().await_().map(drop)?;
                Ok(())
            })
            .named("waiter"),
        );
        let parent = cede::create_task(cede::coroutine(move || drop(waiter.await_())).named("parent"));
        cede::sleep(Duration::from_secs(7)).await_().unwrap();
        drop(cede::create_task(cede::coroutine(|| ()).named("late")));
        let snapshot = cede::running_loop().unwrap().snapshot();
        parent.cancel();
        sleeper.cancel();
        (snapshot.tree(), snapshot.ps(), snapshot.cycles())
    });
    assert_eq!(
        unlined(&tree),
        "a_tree_and_a_list_say_who_waits_for_whom_since_when_and_where (Task-1) runs\n\
         parent (Task-4) waits for waiter (Task-3), at diagnosis.rs (7.000 s)\n\
         └ waiter (Task-3) waits for the lock that sleeper (holder) took at diagnosis.rs, at diagnosis.rs (7.000 s)\n  \
         └ sleeper (holder) waits for <Promise pending> made at diagnosis.rs, at diagnosis.rs (7.000 s)\n\
         late (Task-5) has not started\n"
    );
    let states: Vec<_> = list.lines().skip(1).map(|line| line.split_whitespace().nth(3).unwrap()).collect();
    assert_eq!(states, ["runs", "waits", "waits", "waits", "new"], "{list}");
    assert!(cycles.is_empty());
}

#[test]
fn a_circle_is_found_while_others_run() {
    let (cycles, tree) = run(|| {
        let slots: [Slot; 2] = Default::default();
        let (one, other) = (waits_for("one", &slots[0]), waits_for("other", &slots[1]));
        *slots[0].borrow_mut() = Some(other);
        *slots[1].borrow_mut() = Some(one);
        cede::sleep(Duration::from_secs(1)).await_().unwrap();
        let snapshot = cede::running_loop().unwrap().snapshot();
        (snapshot.cycles(), snapshot.tree())
    });
    assert_eq!(cycles, [[2, 3, 2]]);
    assert!(tree.contains("one, which closes a circle"), "{tree}");
}

#[cfg(not(feature = "sanitizer"))]
#[inline(never)]
fn digs_deep() -> cede::Result<()> {
    cede::sleep(Duration::from_secs(1)).await_()?;
    Ok(())
}

/// AddressSanitizer keeps variables on a stack of its own, so that nobody can tell how much room is left.
#[cfg(not(feature = "sanitizer"))]
#[test]
fn the_stack_of_a_suspended_task_can_be_read_and_it_goes_on() {
    let (frames, ended) = run(|| {
        let task = cede::create_task(cede::coroutine(digs_deep));
        cede::yield_now().await_().unwrap();
        let frames = task.handle().backtrace();
        (frames, task.await_().unwrap().is_ok())
    });
    let frames = frames.expect("it is suspended on its own stack");
    assert!(frames.contains("digs_deep"), "{frames}");
    assert!(!frames.contains("run_body") && !frames.contains("task::park"), "{frames}");
    assert!(ended);
}

#[test]
fn a_signal_prints_the_tree() {
    let said = said(|| {
        cede::run(cede::coroutine(|| {
            cede::running_loop().unwrap().print_tree_on(libc::SIGUSR1).unwrap();
            let task = cede::create_task(
                cede::coroutine(|| cede::sleep(Duration::from_secs(50)).await_()).named("idle"),
            );
            cede::yield_now().await_().unwrap();
            signal_hook::low_level::raise(libc::SIGUSR1).unwrap();
            cede::sleep(Duration::from_millis(5)).await_().unwrap();
            task.cancel();
        }))
        .unwrap();
    });
    assert!(said.contains("cede: 2 tasks\n"), "{said}");
    assert!(
        said.contains("idle (Task-2) waits for <Promise pending> made at diagnosis.rs, at diagnosis.rs"),
        "{said}"
    );
}

#[test]
fn a_watchdog_names_whoever_keeps_control_while_he_does() {
    let (said, heard) = std::sync::mpsc::channel();
    let tell = move |text: &str| drop(said.send(text.to_owned()));
    let watchdog = cede::trace::Watchdog::telling(Duration::from_millis(20), tell).unwrap();
    let recorder = cede::trace::Recorder::new();
    let mut runner = cede::Runner::new().observer((recorder.clone(), watchdog));
    let heard = runner
        .run(cede::coroutine(move || {
            cede::yield_now().await_().unwrap();
            // Keeps control until it is named, and so is still in its step by then.
            heard.recv_timeout(Duration::from_secs(60)).unwrap()
        }))
        .unwrap();
    let heard = unlined(&heard);
    assert!(
        heard.starts_with("task 'Task-1' (a_watchdog_names_whoever_keeps_control_while_he_does, "),
        "{heard}"
    );
    assert!(heard.contains("last awaited at tests/seeing/diagnosis.rs"), "{heard}");
    assert!(heard.contains("s and still does"), "{heard}");
    assert!(recorder.told() > 5);
}
