//! The lanes in the terminal: one a task, bars where it has control.

use std::fmt::Write;

use super::log::Log;
use super::record::{Event, Id};
use super::replay::{Control, Doing, State};

/// Narrower than this no timeline is drawn.
const NARROWEST: usize = 40;
/// Deeper awaits in place share a row.
const DEEPEST: usize = 8;
/// Characters a column has.
const COLUMN: usize = 2;

const RUNS: char = '█';
const HAS_CALLED: char = '▓';
const READY: char = '·';
const WAITS: char = '┄';

impl Log {
    /// The lanes of all tasks, this many characters wide. A column is a stretch in which control stays where
    /// it is; columns of turns that are like the one before are counted, not drawn.
    ///
    /// An await in place is a bar nested in its task's lane; a task that cedes leaves its lane to the loop.
    pub fn timeline(&self, width: usize) -> String {
        Chart::of(self).drawn(width.max(NARROWEST))
    }
}

/// A row of the chart.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Row {
    Loop,
    /// Callbacks that are no task's step.
    Calls,
    Task(Id),
    /// A coroutine that the task awaits in place, this deep.
    Inline(Id, usize, String),
    /// What is printed.
    Output,
}

/// A stretch in which control stays where it is.
struct Column {
    turn: u64,
    state: State,
    printed: Option<char>,
}

struct Chart<'a> {
    log: &'a Log,
    rows: Vec<Row>,
    columns: Vec<Column>,
    /// What was printed, each text with its mark.
    texts: Vec<(char, String)>,
}

impl<'a> Chart<'a> {
    fn of(log: &'a Log) -> Self {
        let mut chart = Chart { log, rows: Vec::new(), columns: Vec::new(), texts: Vec::new() };
        let mut state = State::default();
        for record in log.records() {
            if let Event::Printed { text } = &record.event {
                chart.print(text);
                continue;
            }
            let before = place(&state);
            state.apply(&record.event);
            if place(&state) != before {
                chart.columns.push(Column { turn: state.turn, state: state.clone(), printed: None });
                chart.enter_rows(&state);
            } else if let Some(last) = chart.columns.last_mut() {
                last.state = state.clone();
            }
        }
        let shows = |column: &Column| !column.state.control.is_empty() || column.printed.is_some();
        chart.columns.retain(shows);
        chart.rows.sort_by_key(Row::place);
        chart
    }

    fn print(&mut self, text: &str) {
        const MARKS: &str = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let text = text.trim_end().replace('\n', " ⏎ ");
        let known = self.texts.iter().find(|(_, other)| *other == text).map(|(mark, _)| *mark);
        let mark = known.unwrap_or_else(|| MARKS.chars().nth(self.texts.len()).unwrap_or('*'));
        if known.is_none() && mark != '*' {
            self.texts.push((mark, text));
        }
        if let Some(last) = self.columns.last_mut() {
            // A mark a column: the second print in a stretch stands in a column of its own.
            if last.printed.is_some() {
                let again = Column { turn: last.turn, state: last.state.clone(), printed: Some(mark) };
                self.columns.push(again);
            } else {
                last.printed = Some(mark);
            }
        }
        self.enter(Row::Output);
    }

    fn enter_rows(&mut self, state: &State) {
        match state.control.last() {
            Some(Control::Loop) => self.enter(Row::Loop),
            Some(Control::Call(_)) => self.enter(Row::Calls),
            Some(Control::Task(task)) => {
                self.enter(Row::Task(*task));
                let inline = state.tasks.get(task).map_or(&[][..], |now| &now.inline);
                for (depth, (coroutine, _)) in inline.iter().enumerate() {
                    self.enter(Row::Inline(*task, depth.min(DEEPEST - 1), coroutine.clone()));
                }
            }
            None => {}
        }
    }

    fn enter(&mut self, row: Row) {
        if !self.rows.contains(&row) {
            self.rows.push(row);
        }
    }

    fn drawn(&self, width: usize) -> String {
        let labels: Vec<String> = self.rows.iter().map(|row| self.label(row)).collect();
        let widest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).min(width / 2);
        let room = (width - widest - 2) / COLUMN;
        let cells = self.collapsed();
        let mut text = String::new();
        for block in cells.chunks(room.max(1)) {
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = writeln!(text, "{:widest$}  {}", "turn", header(block).trim_end());
            for (row, label) in self.rows.iter().zip(&labels) {
                let label: String = label.chars().take(widest).collect();
                let mut line = format!("{label:widest$}  ");
                for cell in block {
                    match cell {
                        Cell::Column(column, _) if *row == Row::Output => {
                            line.push(self.cell(row, column));
                            line.push(' ');
                        }
                        Cell::Column(column, _) => line.extend([self.cell(row, column); COLUMN]),
                        Cell::Alike(_) => line.push_str(" ⋯  "),
                    }
                }
                let _ = writeln!(text, "{}", line.trim_end());
            }
        }
        self.legend(&mut text, &cells);
        text
    }

    fn legend(&self, text: &mut String, cells: &[Cell<'_>]) {
        let _ = writeln!(
            text,
            "\n{RUNS} has control  {HAS_CALLED} awaits in place  {READY} is ready  {WAITS} has ceded, and waits"
        );
        for cell in cells {
            if let Cell::Alike(turns) = cell {
                let s = if *turns == 1 { " is" } else { "s are" };
                let _ = writeln!(text, "⋯ {turns} more turn{s} the same");
            }
        }
        for (mark, printed) in &self.texts {
            let _ = writeln!(text, "{mark} {printed}");
        }
    }

    fn label(&self, row: &Row) -> String {
        match row {
            Row::Loop => "event loop".into(),
            Row::Calls => "callbacks".into(),
            Row::Task(task) => self.log.label(*task).to_owned(),
            Row::Inline(_, depth, coroutine) => format!("{:indent$}└ {coroutine}", "", indent = depth + 1),
            Row::Output => "prints".into(),
        }
    }

    fn cell(&self, row: &Row, column: &Column) -> char {
        let has_control = |control: Option<&Control>| column.state.control.last() == control;
        match row {
            Row::Loop if has_control(Some(&Control::Loop)) => RUNS,
            Row::Calls if matches!(column.state.control.last(), Some(Control::Call(_))) => RUNS,
            Row::Loop | Row::Calls => ' ',
            Row::Output => column.printed.unwrap_or(' '),
            Row::Task(task) => self.task_cell(*task, 0, None, column),
            Row::Inline(task, depth, coroutine) => self.task_cell(*task, depth + 1, Some(coroutine), column),
        }
    }

    /// The cell of a task, or of what it awaits in place at this depth.
    fn task_cell(&self, task: Id, depth: usize, coroutine: Option<&String>, column: &Column) -> char {
        let Some(now) = column.state.tasks.get(&task) else { return ' ' };
        if let Some(wanted) = coroutine {
            match now.inline.get(depth - 1) {
                Some((name, _)) if name == wanted => {}
                _ => return ' ',
            }
        }
        match now.doing {
            Doing::Runs if column.state.running() == Some(task) && now.inline.len() == depth => RUNS,
            Doing::Runs => HAS_CALLED,
            Doing::Ready => READY,
            Doing::Waits(_) => WAITS,
            Doing::Nothing | Doing::Ended(_) => ' ',
        }
    }

    /// The columns, but for turns that look like the one before.
    fn collapsed(&self) -> Vec<Cell<'_>> {
        let turns: Vec<&[Column]> = self.columns.chunk_by(|one, other| one.turn == other.turn).collect();
        let looks = |turn: &[Column]| -> Vec<char> {
            turn.iter().flat_map(|column| self.rows.iter().map(|row| self.cell(row, column))).collect()
        };
        let mut cells = Vec::new();
        let mut place = 0;
        while let Some(turn) = turns.get(place) {
            let first = |place: usize| if place == 0 { Some(turn[0].turn) } else { None };
            cells.extend(turn.iter().enumerate().map(|(place, column)| Cell::Column(column, first(place))));
            let look = looks(turn);
            let alike = turns[place + 1..].iter().take_while(|other| looks(other) == look).count();
            // One alone takes no more room drawn than counted.
            let alike = if alike == 1 { 0 } else { alike };
            if alike > 0 {
                cells.push(Cell::Alike(alike));
            }
            place += 1 + alike;
        }
        cells
    }
}

/// What is drawn in a column's place.
enum Cell<'a> {
    /// A column; the first of a turn bears its number.
    Column(&'a Column, Option<u64>),
    /// So many turns like the one before.
    Alike(usize),
}

/// The turns' numbers, each where it begins, as far as the one before leaves room.
fn header(block: &[Cell<'_>]) -> String {
    let mut header = String::new();
    let mut place = 0;
    for cell in block {
        match cell {
            Cell::Column(_, Some(turn)) if header.len() <= place => {
                let number = turn.to_string();
                header.push_str(&" ".repeat(place - header.len()));
                header.push_str(&number);
                header.push(' ');
                place += COLUMN;
            }
            Cell::Column(..) => place += COLUMN,
            Cell::Alike(_) => place += 2 * COLUMN,
        }
    }
    header
}

impl Row {
    /// The loop on top, then the tasks in their order, each with its calls below; what is printed last.
    fn place(&self) -> (u8, Id, usize) {
        match self {
            Row::Loop => (0, Id(0), 0),
            Row::Task(task) => (1, *task, 0),
            Row::Inline(task, depth, _) => (1, *task, depth + 1),
            Row::Calls => (2, Id(0), 0),
            Row::Output => (3, Id(0), 0),
        }
    }
}

/// Where control is: who has it, and how deep in awaits in place.
fn place(state: &State) -> (Option<Control>, usize, usize) {
    let inline = state.running().and_then(|task| state.tasks.get(&task)).map_or(0, |now| now.inline.len());
    (state.control.last().copied(), state.control.len(), inline)
}
