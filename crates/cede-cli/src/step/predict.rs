//! "Who runs next?": the answers to choose from, and why one is wrong.

use super::moment::{Moment, TaskLine};

/// What may be chosen.
#[derive(Clone, Copy, Debug)]
pub enum Choice<'a> {
    Task(&'a TaskLine),
    /// A function, of a timer or from a callback list.
    Callback,
}

/// The answers, in the order of their digits from 1: the tasks that have not ended, and a callback.
pub fn choices(moment: &Moment) -> Vec<Choice<'_>> {
    let tasks = moment.tasks.iter().filter(|task| !task.ended).take(8).map(Choice::Task);
    tasks.chain([Choice::Callback]).collect()
}

/// What is to be said about an answer; nothing, if there is none of this digit.
pub fn answer(moment: &Moment, digit: char) -> Option<String> {
    let place = digit.to_digit(10)?.checked_sub(1)? as usize;
    let head = &moment.head;
    Some(match choices(moment).get(place)? {
        Choice::Task(task) => match task.place {
            Some(0) => format!("Right: the {head} was at the head of the ready queue."),
            Some(place) => format!(
                "No: {} is ready, but {place} {} queued before it. The loop takes the head: the {head}.",
                task.label,
                if place == 1 { "callback was" } else { "callbacks were" }
            ),
            None => format!(
                "No: {} {}, so nothing of it is in the queue. Its head is the {head}.",
                task.label, task.stands
            ),
        },
        Choice::Callback if head.starts_with("step of ") => {
            format!("No: the head of the queue is the {head}. A function runs when the loop comes to it.")
        }
        Choice::Callback => format!("Right: {head} was at the head of the ready queue."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(label: &str, stands: &str, place: Option<usize>, ended: bool) -> TaskLine {
        TaskLine { label: label.into(), stands: stands.into(), place, ended }
    }

    #[test]
    fn a_wrong_answer_is_told_why() {
        let moment = Moment {
            tasks: vec![
                task("main", "waits for dig (Task-2)", None, false),
                task("old", "finished", None, true),
                task("dig (Task-2)", "ready", Some(0), false),
                task("late", "ready", Some(1), false),
            ],
            head: "step of dig (Task-2)".into(),
            ..Moment::default()
        };
        let said = |digit| answer(&moment, digit);
        assert_eq!(
            said('1').unwrap(),
            "No: main waits for dig (Task-2), so nothing of it is in the queue. Its head is the step of dig (Task-2)."
        );
        assert!(said('2').unwrap().starts_with("Right: "));
        assert!(said('3').unwrap().starts_with("No: late is ready, but 1 callback was queued before it."));
        assert!(said('4').unwrap().starts_with("No: the head of the queue is the step of dig"));
        assert_eq!(said('5'), None);
    }
}
