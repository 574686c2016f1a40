//! The page of `cede demo NAME --html` in a real browser: a headless Chromium, driven over a pipe.
//!
//! Without one there is nothing to look with, and this says so; with `CEDE_CHROMIUM` set that is a failure.
//! `CEDE_SCREENSHOTS` names a folder for pictures of what it saw.
#![forbid(unsafe_code)]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use cede_tests::cede;
use serde_json::{Value, json};

/// A page in a browser.
struct Browser {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    profile: PathBuf,
    session: Option<String>,
    sent: u64,
    /// What it told without being asked.
    events: Vec<Value>,
}

impl Browser {
    fn open(name: &str) -> Option<Self> {
        let profile = env::temp_dir().join(format!("cede-browser-{}-{name}", std::process::id()));
        // It speaks on descriptors 3 and 4.
        let chromium = format!(
            "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --window-size=1400,1000 \
             --user-data-dir={} --remote-debugging-pipe about:blank 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null",
            profile.display()
        );
        let there = Command::new("sh").args(["-c", "command -v chromium"]).output();
        if !there.is_ok_and(|output| output.status.success()) {
            assert!(env::var_os("CEDE_CHROMIUM").is_none(), "there is no chromium to look at pages with");
            eprintln!("no chromium: the page was not looked at");
            return None;
        }
        let mut process = Command::new("sh")
            .args(["-c", &chromium])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let to = process.stdin.take().expect("it is piped");
        let from = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut browser = Browser { process, to, from, profile, session: None, sent: 0, events: Vec::new() };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }));
        let attached =
            browser.ask("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = attached["sessionId"].as_str().map(ToOwned::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser listens");
        loop {
            let answer = self.read();
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).expect("the browser speaks");
        bytes.pop();
        serde_json::from_slice(&bytes).expect("JSON")
    }

    fn load(&mut self, file: &Path) {
        self.ask("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// What an expression gives.
    fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.ask("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    fn text(&mut self, selector: &str) -> String {
        let found = self.eval(&format!("document.querySelector({selector:?}).textContent"));
        found.as_str().unwrap_or_default().to_owned()
    }

    fn key(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.ask("Input.dispatchKeyEvent", json!({ "type": kind, "key": key, "code": key }));
        }
    }

    fn screenshot(&mut self, name: &str) {
        let Some(folder) = env::var_os("CEDE_SCREENSHOTS") else { return };
        let picture = self.ask("Page.captureScreenshot", json!({ "format": "png" }));
        let file = Path::new(&folder).join(name).with_extension("png.base64");
        fs::write(file, picture["data"].as_str().unwrap_or_default()).expect("it can be written");
    }

    /// What went wrong, and what was fetched from elsewhere.
    fn complaints(&self) -> Vec<String> {
        let bad = |event: &Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            Some("Network.requestWillBeSent") => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                !url.starts_with("file:") && !url.starts_with("data:") && !url.starts_with("about:")
            }
            _ => false,
        };
        self.events.iter().filter(|event| bad(event)).map(ToString::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.from.read_to_end(&mut Vec::new());
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// The page of a demo, in a file.
fn page(arguments: &[&str]) -> PathBuf {
    let file = env::temp_dir().join(format!("cede-page-{}-{}.html", std::process::id(), arguments[0]));
    let path = file.to_str().expect("a temporary file's name is UTF-8");
    let output = cede([&["demo"], arguments, &["--html", path]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    file
}

#[test]
fn the_page_plays_the_program() {
    let Some(mut browser) = Browser::open("plays") else { return };
    let file = page(&["await-task"]);
    browser.load(&file);
    let first = browser.text(".said .now");
    assert!(first.contains("makes a task of main"), "{first}");
    assert_eq!(browser.text("div.ready"), "empty");

    // Stepping changes sentence, queue, source, lanes and tasks; back takes it back.
    browser.eval("document.querySelector('[data-do=step]').click()");
    assert_eq!(
        browser.text(".said .now"),
        "The first step of main (Task-1) goes to the tail of the ready queue."
    );
    assert_eq!(browser.text("div.ready"), "step of main (Task-1)");
    let cursor = "document.querySelector('.cursor').getAttribute('transform')";
    assert_eq!(browser.eval(cursor), "translate(14 0)");
    browser.key("ArrowLeft");
    assert_eq!(browser.text(".said .now"), first);

    // To where main has ceded: its line is marked, its task waits, a callback is on the list of what it awaits.
    for _ in 0..30 {
        if browser.text(".said .now").contains("main (Task-1) cedes") {
            break;
        }
        browser.key("ArrowRight");
    }
    assert!(browser.text(".source .here").contains("task_a.await?;"));
    assert!(browser.text(".lists").contains("coro_fn_a (Task-3): step of main (Task-1)"));
    assert!(browser.text(".task-list").contains("waits for coro_fn_a (Task-3)"));
    browser.screenshot("await-task");

    // By turns, to the end, and all that was printed.
    browser.key("ArrowDown");
    assert!(browser.text(".where").contains("turn 2"));
    browser.key("End");
    assert!(browser.text(".said .next").contains("last event"));
    let output = browser.text(".output");
    assert_eq!(output.lines().count(), 6);
    assert!(output.starts_with("I am coro_b()."));
    browser.key("Home");
    assert_eq!(browser.text(".output"), "");

    // The scrubber, and playing.
    browser.eval("(() => { const at = document.querySelector('input'); at.value = 40; at.dispatchEvent(new Event('input')); })()");
    assert!(browser.text(".where").starts_with("41 / "));
    browser.key("Home");
    browser.key(" ");
    sleep(Duration::from_millis(1_600));
    assert!(browser.eval("cedePlays[0].at").as_u64().is_some_and(|at| at > 0), "it plays");
    browser.key(" ");
    assert_eq!(browser.eval("cedePlays[0].timer"), Value::Null);

    // Light and dark are told apart.
    let back = "getComputedStyle(document.body).backgroundColor";
    let light = browser.eval(back);
    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.ask("Emulation.setEmulatedMedia", dark);
    assert_ne!(browser.eval(back), light);
    browser.screenshot("await-task-dark");
    assert_eq!(browser.complaints(), [""; 0]);
    fs::remove_file(file).expect("it can be removed");
}

#[test]
fn two_programs_play_side_by_side() {
    let Some(mut browser) = Browser::open("both") else { return };
    let file = page(&["await-coroutine", "--beside", "await-task"]);
    browser.load(&file);
    assert_eq!(browser.eval("document.querySelectorAll('.play').length"), 2);
    browser.key("ArrowRight");
    assert_eq!(browser.eval("cedePlays.map((play) => play.at).join()"), "1,1");
    // What is awaited in place is nested in its lane: five bars one level down, and none where tasks are awaited.
    let nested = "cedePlays.map((play) => [...play.root.querySelectorAll('.lanes title')].filter((title) => \
                  title.textContent === 'coro_fn_a').length).join()";
    assert_eq!(browser.eval(nested), "5,0");
    browser.screenshot("side-by-side");
    assert_eq!(browser.complaints(), [""; 0]);
    fs::remove_file(file).expect("it can be removed");
}
