//! `cede demo NAME --step`, driven in a real terminal by tmux: step, back, predict, quit.
//!
//! Without tmux there is nothing to drive it with, and this says so; with `CEDE_TMUX` set that is a failure.
#![forbid(unsafe_code)]

use std::env;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cede_tests::binary;

/// How long a busy machine may take to draw.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal of 80 by 24 with a shell in it, on a server of its own.
struct Terminal {
    socket: String,
}

impl Terminal {
    fn open(name: &str) -> Option<Self> {
        let terminal = Terminal { socket: format!("cede-{}-{name}", std::process::id()) };
        let shell = ["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "PS1='$ ' sh"];
        match terminal.tmux(&shell) {
            Some(output) if output.status.success() => Some(terminal),
            _ if env::var_os("CEDE_TMUX").is_some() => panic!("there is no tmux to drive a terminal with"),
            _ => {
                eprintln!("no tmux: the terminal interface was not driven");
                None
            }
        }
    }

    fn tmux(&self, arguments: &[&str]) -> Option<Output> {
        Command::new("tmux").args(["-L", &self.socket]).args(arguments).output().ok()
    }

    fn keys(&self, keys: &[&str]) {
        let sent = self.tmux(&[&["send-keys"], keys].concat()).expect("tmux runs");
        assert!(sent.status.success(), "{sent:?}");
    }

    fn screen(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p"]).expect("tmux runs");
        String::from_utf8(output.stdout).expect("the screen is UTF-8")
    }

    /// The screen, once it shows this and stays as it is.
    #[track_caller]
    fn shows(&self, what: &str) -> String {
        self.shows_that(what, |screen| screen.contains(what))
    }

    /// The screen, once the shell asks for the next command: what is typed earlier is shown where nobody expects
    /// it, or goes to the program that is about to end.
    #[track_caller]
    fn prompts(&self) -> String {
        self.shows_that("prompt", |screen| screen.trim_end().lines().next_back() == Some("$"))
    }

    #[track_caller]
    fn shows_that(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let screen = self.screen();
            // It may have been looked at in the middle of being drawn.
            sleep(Duration::from_millis(60));
            if is(&screen) && screen == self.screen() {
                return screen;
            }
            assert!(began.elapsed() < PATIENCE, "no {what:?} on\n{screen}");
            sleep(Duration::from_millis(20));
        }
    }

    fn step(&self, demo: &str) {
        let cede = binary().to_str().expect("a path of UTF-8");
        self.prompts();
        self.keys(&[&format!("{cede} demo {demo} --step"), "Enter"]);
        self.shows("before callback 1");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}

#[test]
fn a_program_is_stepped_forward_and_backward_and_the_terminal_is_left_clean() {
    let Some(terminal) = Terminal::open("steps") else { return };
    terminal.prompts();
    terminal.keys(&["echo untouched", "Enter"]);
    terminal.shows("\nuntouched");
    terminal.step("await-task");
    let first = terminal.shows("Next: The loop gives control to main (Task-1): it starts.");
    assert!(first.contains("▶ step of main (Task-1)") && first.contains("q quit"), "{first}");

    terminal.keys(&["Right"]);
    let second = terminal.shows("before callback 2");
    assert!(second.contains("▶ step of coro_fn_b (Task-2)"), "{second}");
    assert!(second.contains("main (Task-1) cedes: control goes to the loop."), "{second}");
    assert!(!second.contains("│I am coro_b()."), "nothing is printed yet\n{second}");
    terminal.keys(&["Right"]);
    assert!(terminal.shows("before callback 3").contains("│I am coro_b()."));

    // Back is a fresh run up to there: the same screen, and nothing printed twice.
    terminal.keys(&["Left"]);
    let again = terminal.shows("before callback 2");
    assert!(again.contains("▶ step of coro_fn_b (Task-2)") && !again.contains("│I am coro_b()."), "{again}");

    // A turn, then the end, and back from there.
    terminal.keys(&["t"]);
    assert!(terminal.shows("turn 3, before callback 4").contains("it goes on at line 22"));
    terminal.keys(&["e"]);
    let end = terminal.shows("The program has ended.");
    assert_eq!(end.matches("│I am coro_a(). Hi!").count(), 3, "the last three lines of output\n{end}");
    terminal.keys(&["Left"]);
    terminal.shows("turn 12, before callback 13");

    terminal.keys(&["q"]);
    terminal.prompts();
    terminal.keys(&["echo clean", "Enter"]);
    let after = terminal.shows("\nclean");
    assert!(after.contains("untouched") && !after.contains("ready queue"), "{after}");
}

#[test]
fn a_prediction_is_judged_and_told_why() {
    let Some(terminal) = Terminal::open("predicts") else { return };
    terminal.step("await-task");
    terminal.keys(&["Right"]);
    terminal.shows("before callback 2");
    terminal.keys(&["p"]);
    let asked = terminal.shows("Who runs next?");
    assert!(!asked.contains("▶ step of"), "the queue is hidden\n{asked}");
    // Right: the queue's head. Then wrong: main waits.
    terminal.keys(&["2"]);
    terminal.shows("Right: the step of coro_fn_b (Task-2) was at the head");
    terminal.keys(&["1"]);
    let wrong = terminal.shows("No: main (Task-1) waits for coro_fn_a (Task-3)");
    assert!(wrong.contains("before callback 4"), "{wrong}");
    terminal.keys(&["p"]);
    terminal.shows("Next: The loop gives control to main (Task-1)");
    terminal.keys(&["q"]);
}

#[test]
fn without_a_terminal_or_for_real_time_it_says_so_in_a_line() {
    for (demo, why) in
        [("triple", "needs a terminal"), ("network", "cannot be stepped"), ("perf-task", "cannot be stepped")]
    {
        let output = cede_tests::cede(["demo", demo, "--step"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.lines().count() == 1 && said.contains(why), "{said}");
    }
}
