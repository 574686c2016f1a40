//! A moment on the screen. It fits 80 by 24.

use super::moment::Moment;
use super::predict::{Choice, choices};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Paragraph, Wrap};

/// What is said beside the moment itself.
pub struct Look<'a> {
    /// Asks who runs next, and shows no queue.
    pub asks: bool,
    /// What became of the last answer.
    pub verdict: Option<&'a str>,
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const HERE: Style = Style::new().add_modifier(Modifier::REVERSED);

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, moment: &Moment, look: &Look<'_>) {
    let [head, middle, said, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(9),
        Constraint::Length(7),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let [left, right] = Layout::horizontal([Constraint::Percentage(58), Constraint::Min(30)]).areas(middle);
    let [source, output] = Layout::vertical([Constraint::Min(5), Constraint::Length(5)]).areas(left);
    let timers = (moment.timers.len() as u16 + 2).clamp(2, 4);
    let timers = if moment.timers.is_empty() { 0 } else { timers };
    let [queue, clock, tasks] =
        Layout::vertical([Constraint::Length(6), Constraint::Length(timers), Constraint::Min(4)])
            .areas(right);
    draw_head(frame, head, moment);
    draw_source(frame, source, moment);
    boxed(frame, output, "output", tail(&moment.output, output));
    draw_queue(frame, queue, moment, look);
    boxed(frame, clock, "timers", lines(&moment.timers));
    draw_tasks(frame, tasks, moment);
    draw_said(frame, said, moment, look);
    let back = "← back";
    let text = match (look.asks, moment.callback) {
        (true, _) => format!(" 1-9 answer   {back}   t turn   e end   p stop asking   q quit"),
        (false, Some(_)) => format!(" → step   {back}   t turn   e end   home   p predict   q quit"),
        (false, None) => format!(" {back}   home   q quit"),
    };
    frame.render_widget(Paragraph::new(text).style(HERE), keys);
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, moment: &Moment) {
    let place = match moment.callback {
        Some(number) => format!("  turn {}, before callback {number}", moment.turn),
        None => "  the end".to_owned(),
    };
    let room = usize::from(area.width).saturating_sub(place.chars().count() + 1);
    let title: String = moment.title.chars().take(room).collect();
    let line = Line::from(vec![Span::styled(format!(" {title}"), BOLD), Span::raw(place)]);
    frame.render_widget(Paragraph::new(line), area);
}

fn boxed<'a>(frame: &mut Frame<'_>, area: Rect, title: &'a str, text: impl Into<Text<'a>>) {
    frame.render_widget(Paragraph::new(text).block(Block::bordered().title(title)), area);
}

fn draw_source(frame: &mut Frame<'_>, area: Rect, moment: &Moment) {
    let rows = usize::from(area.height).saturating_sub(2);
    let here = moment.line.map_or(0, |line| line as usize - 1);
    // The line that matters stands in the upper half, the end of the file at the lower edge.
    let first = here.saturating_sub(rows * 2 / 3).min(moment.source.len().saturating_sub(rows));
    let shown = moment.source.iter().enumerate().skip(first).take(rows).map(|(place, code)| {
        let marked = moment.line == Some(place as u32 + 1);
        let mark = if marked { "▶" } else { " " };
        let line = format!("{:3}{mark}{code}", place + 1);
        Line::styled(line, if marked { HERE } else { Style::new() })
    });
    boxed(frame, area, "source", shown.collect::<Vec<_>>());
}

fn draw_queue(frame: &mut Frame<'_>, area: Rect, moment: &Moment, look: &Look<'_>) {
    if look.asks {
        return boxed(frame, area, "ready queue", vec![Line::styled("?", BOLD)]);
    }
    let rows = usize::from(area.height).saturating_sub(2);
    let mut shown: Vec<Line<'_>> = moment
        .ready
        .iter()
        .enumerate()
        .take(rows)
        .map(|(place, job)| match place {
            0 => Line::styled(format!("▶ {job}"), BOLD),
            _ if place < moment.left_in_turn => Line::raw(format!("  {job}")),
            _ => Line::styled(format!("  {job} (next turn)"), DIM),
        })
        .collect();
    if moment.ready.len() > rows {
        let more = moment.ready.len() - rows + 1;
        shown.pop();
        shown.push(Line::styled(format!("  … and {more} more"), DIM));
    }
    boxed(frame, area, "ready queue", shown);
}

fn draw_tasks(frame: &mut Frame<'_>, area: Rect, moment: &Moment) {
    let rows = usize::from(area.height).saturating_sub(2);
    // Those that have ended go first where there is no room for all.
    let mut tasks: Vec<_> = moment.tasks.iter().collect();
    while tasks.len() > rows {
        let gone = tasks.iter().position(|task| task.ended).unwrap_or(0);
        tasks.remove(gone);
    }
    let shown = tasks.into_iter().map(|task| {
        let style = if task.ended { DIM } else { Style::new() };
        Line::styled(format!("{}: {}", task.label, task.stands), style)
    });
    boxed(frame, area, "tasks", shown.collect::<Vec<_>>());
}

fn draw_said(frame: &mut Frame<'_>, area: Rect, moment: &Moment, look: &Look<'_>) {
    let [story, next] = Layout::vertical([Constraint::Min(4), Constraint::Length(2)]).areas(area);
    let rows = usize::from(story.height).saturating_sub(1);
    let mut happened: Vec<Line<'_>> = Vec::new();
    if let Some(verdict) = look.verdict {
        happened.push(Line::styled(verdict, BOLD));
    }
    // The latest are what matters; a verdict may need two rows.
    let room = rows.saturating_sub(2 * happened.len());
    let skipped = moment.happened.len().saturating_sub(room);
    happened.extend(moment.happened.iter().skip(skipped).map(|sentence| Line::raw(sentence.as_str())));
    let story_text = Paragraph::new(happened).wrap(Wrap { trim: true });
    frame.render_widget(story_text.block(Block::new().title(Line::styled(" What happened ", DIM))), story);
    let text = if look.asks {
        let answers = choices(moment).into_iter().enumerate().map(|(place, choice)| match choice {
            Choice::Task(task) => format!("{} {}", place + 1, task.label),
            Choice::Callback => format!("{} a callback", place + 1),
        });
        format!("Who runs next?  {}", answers.collect::<Vec<_>>().join("   "))
    } else {
        format!("Next: {}", moment.next)
    };
    frame.render_widget(Paragraph::new(text).style(BOLD).wrap(Wrap { trim: true }), next);
}

fn lines(texts: &[String]) -> Vec<Line<'_>> {
    texts.iter().map(|text| Line::raw(text.as_str())).collect()
}

fn tail(texts: &[String], area: Rect) -> Vec<Line<'_>> {
    let rows = usize::from(area.height).saturating_sub(2);
    lines(&texts[texts.len().saturating_sub(rows)..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn drawn(moment: &Moment, look: &Look<'_>) -> String {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, moment, look)).unwrap();
        terminal.backend().to_string()
    }

    fn moment() -> Moment {
        Moment {
            title: "await-task: each await cedes".into(),
            turn: 2,
            callback: Some(2),
            source: (1..40).map(|line| format!("line {line}")).collect(),
            line: Some(22),
            ready: (1..9).map(|task| format!("step of task {task}")).collect(),
            left_in_turn: 2,
            output: vec!["planted".into()],
            happened: vec!["main cedes: control goes to the loop.".into()],
            next: "The loop gives control to task 1: it starts.".into(),
            head: "step of task 1".into(),
            ..Moment::default()
        }
    }

    #[test]
    fn everything_has_its_place_on_80_by_24() {
        let screen = drawn(&moment(), &Look { asks: false, verdict: None });
        for part in [
            "turn 2, before callback 2",
            "22▶line 22",
            "▶ step of task 1",
            "… and 5 more",
            "planted",
            "main cedes: control goes to the loop.",
            "Next: The loop gives control to task 1",
            "→ step",
            "q quit",
        ] {
            assert!(screen.contains(part), "{part}\n{screen}");
        }
    }

    #[test]
    fn a_question_hides_what_would_answer_it() {
        let screen = drawn(&moment(), &Look { asks: true, verdict: Some("No: it waits.") });
        assert!(screen.contains("Who runs next?") && screen.contains("No: it waits."), "{screen}");
        assert!(!screen.contains("step of task 1") && !screen.contains("Next:"), "{screen}");
    }
}
