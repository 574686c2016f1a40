//! cede gives the trace of CPython's asyncio, event for event: recorded programs, fresh ones where a CPython is
//! found, and what holds of every trace on programs of our own.
#![forbid(unsafe_code)]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::{Value, json};

/// The recorded corpora, and what new programs are made of: one group of operations beside `core` each, and `all`.
const CORPORA: [&str; 12] = [
    "core",
    "future",
    "callback",
    "turn",
    "sync",
    "combo",
    "timeout",
    "wait_for",
    "group",
    "uncancel",
    "all",
    "generators",
];

/// The groups of operations that programs of our own are made of.
const OUR_GROUPS: [&str; 4] =
    ["core", "core,future,callback", "core,callback,turn,uncancel", "core,future,callback,uncancel,turn"];

/// Our own programs: far from the recorded seeds, and from the reserved ones.
const OUR_SEED: &str = "500000";
const OUR_COUNT: &str = "150";

// ---- against CPython ----

#[test]
fn recorded_programs_give_the_trace_of_cpython() {
    for corpus in CORPORA {
        let lines = recorded(corpus);
        let summary = agrees(corpus, &conform(&[], &lines.join("\n")));
        assert!(summary.starts_with(&format!("{} programs, ", lines.len())), "{corpus}: {summary}");
    }
}

/// CPython's cancel recurses along a cycle of awaits and fails. These traces are ours, as an independent plain loop
/// gave them too.
#[test]
fn programs_with_cycles_of_awaits_give_the_recorded_trace() {
    let lines = fs::read_to_string(cede_tests::data().join("conformance/cycles.jsonl")).expect("it is there");
    let summary = agrees("cycles", &conform(&[], &lines));
    assert!(summary.starts_with(&format!("{} programs, ", lines.lines().count())), "{summary}");
}

#[test]
fn fresh_programs_give_the_trace_of_cpython() {
    let Some(mut python) = cede_tests::cpython() else {
        eprintln!("skipped: no CPython 3.13 is found (CEDE_PYTHON names one)");
        return;
    };
    let script = cede_tests::data().join("conformance/fresh.py");
    let fresh = python.arg("-B").arg(script).args(["10000", "40"]).args(CORPORA).output();
    let fresh = fresh.expect("python starts");
    assert!(fresh.status.success(), "{}", text(&fresh.stderr));
    agrees("fresh programs", &conform(&[], text(&fresh.stdout)));
}

/// The summary of a comparison in which nothing differs.
fn agrees(what: &str, compared: &Output) -> String {
    let said = format!("{what}:\n{}{}", text(&compared.stdout), text(&compared.stderr));
    assert!(compared.status.success(), "{said}");
    let summary = text(&compared.stdout).lines().last().unwrap_or_default().to_owned();
    assert!(summary.ends_with(", 0 differ"), "{said}");
    summary
}

// ---- what the command says ----

/// The program of one task that sleeps, with the given operations and trace.
fn small(ops: &str, trace: &str) -> String {
    format!(
        r#"{{"program":{{"seed":17,"groups":["core"],"futures":0,"events":0,"locks":0,"sems":[],"conds":0,"queues":[],"bodies":[{ops}]}},"flags":[],"trace":{trace}}}"#
    )
}

#[test]
fn a_differing_trace_is_shown_from_five_events_before_and_fails() {
    let started = r#"[0,"T0","start",0],[0,"T0","sleep?"],[3,"T0","sleep",3],[3,"T0","yield?"]"#;
    let trace = format!(r#"[{started},[3,"T0","yield",null],[4,"T0","end",0]]"#);
    let compared = conform(&[], &small(r#"[["sleep",3],["yield"]]"#, &trace));
    assert_eq!(compared.status.code(), Some(1));
    let expected = "\
seed 17: event 5 differs
            [0,\"T0\",\"start\",0]
            [0,\"T0\",\"sleep?\"]
            [3,\"T0\",\"sleep\",3]
            [3,\"T0\",\"yield?\"]
            [3,\"T0\",\"yield\",null]
  recorded: [4,\"T0\",\"end\",0]
      cede: [3,\"T0\",\"end\",0]

1 programs, 7 events, 1 differ
";
    assert_eq!(text(&compared.stdout), expected);
}

#[test]
fn an_unknown_op_is_an_error_that_names_it_and_its_seed() {
    let refused = conform(&[], &small(r#"[["yield"],["try","all",[["dance",3]]]]"#, "[]"));
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("seed 17") && said.contains("unknown op `dance`"), "{said}");
}

#[test]
fn a_malformed_op_is_an_error_that_says_what_is_wrong() {
    for (ops, wrong) in [
        (r#"[["sleep"]]"#, "argument 1 of op `sleep`"),
        (r#"[["sleep",1,2]]"#, "op `sleep` takes 1 argument(s), here it has 2"),
        (r#"[["spawn",0]]"#, "op `spawn` in body 0 starts body 0"),
        (r#"[["try","some",[]]]"#, "one of err, cancel, all"),
        (r#"[["fut_set",0]]"#, "names future 0, but there are 0"),
    ] {
        let refused = conform(&[], &small(ops, "[]"));
        let said = text(&refused.stderr);
        assert!(!refused.status.success() && said.contains(wrong), "{ops}: {said}");
    }
}

#[test]
fn print_gives_the_flags_and_the_trace() {
    let program = small(r#"[["raise",3]]"#, "null");
    let printed = conform(&["--print"], &program);
    let expected = r#"{"flags":[],"trace":[[0,"T0","start",0],[0,"T0","raise",3],[0,"T0","exit",["Err",3]],[0,"end","state",[["Err",3]]]]}"#;
    assert_eq!(text(&printed.stdout).trim_end(), expected);
}

// ---- programs of our own ----

#[test]
fn our_programs_are_those_of_the_recorded_seeds_byte_for_byte() {
    for corpus in CORPORA {
        let lines = recorded(corpus);
        let program: Value = serde_json::from_str(&lines[0]).expect("a record");
        let groups = match program["program"]["groups"].as_array() {
            Some(groups) => groups.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            None => "generators".to_owned(),
        };
        let ours: HashSet<String> = generate("1", "150", &groups).lines().map(str::to_owned).collect();
        for line in lines {
            let end =
                line.find(r#","flags":"#).or_else(|| line.find(r#","trace":"#)).expect("a recorded trace");
            let program = format!("{}}}", &line[..end]);
            assert!(ours.contains(&program), "{corpus}: {program}");
        }
    }
}

#[test]
fn every_trace_is_the_same_in_a_second_run() {
    for groups in OUR_GROUPS.into_iter().chain(["generators"]) {
        let programs = generate(OUR_SEED, OUR_COUNT, groups);
        let (first, second) = (conform(&["--print"], &programs), conform(&["--print"], &programs));
        assert!(first.status.success(), "{groups}: {}", text(&first.stderr));
        assert!(first.stdout == second.stdout, "{groups}: two runs differ");
    }
}

#[test]
fn every_trace_of_ours_keeps_the_rules() {
    for groups in OUR_GROUPS {
        let programs = generate(OUR_SEED, OUR_COUNT, groups);
        let printed = conform(&["--print"], &programs);
        assert!(printed.status.success(), "{groups}: {}", text(&printed.stderr));
        let results = text(&printed.stdout);
        assert_eq!(programs.lines().count(), results.lines().count(), "{groups}");
        for (program, result) in programs.lines().zip(results.lines()) {
            keeps_the_rules(program, result);
        }
    }
}

#[test]
fn every_generator_answers_each_step_of_its_drive() {
    let programs = generate(OUR_SEED, OUR_COUNT, "generators");
    let printed = conform(&["--print"], &programs);
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    for (program, result) in programs.lines().zip(text(&printed.stdout).lines()) {
        answers_its_drive(program, result);
    }
}

/// The rules must be true ones: the recorded traces keep them too.
#[test]
fn every_trace_of_cpython_keeps_the_rules() {
    for corpus in ["core", "future", "callback", "turn"] {
        recorded(corpus).iter().for_each(|line| keeps_the_rules(line, line));
    }
    recorded("generators").iter().for_each(|line| answers_its_drive(line, line));
}

/// What holds of the trace of every program of tasks, whatever its order.
fn keeps_the_rules(program: &str, result: &str) {
    let program: Value = serde_json::from_str(program).expect("a program");
    let result: Value = serde_json::from_str(result).expect("a result");
    let seed = &program["program"]["seed"];
    let trace: Vec<Event<'_>> = list(&result["trace"]).iter().map(Event::new).collect();

    let times: Vec<u64> = trace.iter().map(|event| event.time).collect();
    assert!(times.is_sorted(), "seed {seed}: time goes back");

    let (last, events) = trace.split_last().expect("a trace has events");
    assert_eq!((last.who, last.what), ("end", "state"), "seed {seed}: the last event lists the outcomes");
    let states = list(&last.values[0]);

    let spawned: Vec<u64> = events
        .iter()
        .filter(|event| event.what == "spawned")
        .filter_map(|event| event.values[0].as_u64())
        .collect();
    assert!(spawned.iter().copied().eq(1..states.len() as u64), "seed {seed}: tasks are {spawned:?}");

    let mut lives: HashMap<&str, Vec<&Event<'_>>> = HashMap::new();
    for event in events.iter().filter(|event| event.who != "cb") {
        lives.entry(event.who).or_default().push(event);
    }
    for (who, life) in &lives {
        let state = &states[task_of(who)];
        let last = is_one_life(life).unwrap_or_else(|wrong| panic!("seed {seed}, {who}: {wrong}"));
        match last.what {
            "end" | "exit" if who.contains('/') => {}
            "end" => {
                // Or it cancelled itself in its last step, right before it returned.
                let allowed = [json!(["ok", last.values[0]]), json!(["Cancelled"])];
                assert!(allowed.contains(state), "seed {seed}, {who}: {state}");
            }
            "exit" => {
                assert_eq!(state, &last.values[0], "seed {seed}, {who}: its outcome is what it left with")
            }
            _ => assert_eq!(state, "pending", "seed {seed}, {who} stops at {}", last.what),
        }
    }
    for (task, state) in states.iter().enumerate() {
        let started = lives.contains_key(format!("T{task}").as_str());
        assert!(started || *state == json!(["Cancelled"]), "seed {seed}: T{task} never ran, yet {state}");
    }

    let pending = |state: &Value| state == "pending";
    let flags: Vec<&str> =
        list(&result["flags"]).iter().filter_map(Value::as_str).filter(|flag| *flag != "ties").collect();
    let expected = match (pending(&states[0]), states.iter().any(pending)) {
        (true, _) => vec!["deadlock"],
        (false, true) => vec!["stuck"],
        (false, false) => vec![],
    };
    assert_eq!(flags, expected, "seed {seed}");
    callbacks_run_once(events).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
}

/// A coroutine starts once, does one thing after another, and nothing after its end. Gives its last event.
fn is_one_life<'a>(life: &[&'a Event<'a>]) -> Result<&'a Event<'a>, String> {
    let (first, rest) = life.split_first().ok_or("it has no events")?;
    if first.what != "start" || rest.iter().any(|event| event.what == "start") {
        return Err("it does not start once".to_owned());
    }
    let ends = |event: &Event<'_>| matches!(event.what, "end" | "exit");
    for pair in life.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        if ends(before) {
            return Err(format!("{} after its {}", after.what, before.what));
        }
        if let Some(operation) = before.what.strip_suffix('?')
            && after.what != operation
            && after.what.strip_suffix('!') != Some(operation)
        {
            return Err(format!("{} is followed by {}", before.what, after.what));
        }
    }
    let last = life.last().expect("it has a first event");
    let waits = last.what.ends_with('?');
    if ends(last) || waits { Ok(last) } else { Err(format!("it stops after {}", last.what)) }
}

/// A callback runs at most once, and each chain counts down to nothing.
fn callbacks_run_once(events: &[Event<'_>]) -> Result<(), String> {
    let mut seen = HashSet::new();
    let mut chains: HashMap<u64, Vec<u64>> = HashMap::new();
    for event in events.iter().filter(|event| event.who == "cb") {
        let number = event.values[0].as_u64();
        match (event.what, number) {
            ("spawned" | "cancel", _) => {}
            ("chain", Some(number)) => {
                chains.entry(number).or_default().push(event.values[1].as_u64().ok_or("a chain counts")?);
            }
            (what, Some(number)) if !seen.insert(number) => {
                return Err(format!("{what} {number} runs twice"));
            }
            _ => {}
        }
    }
    let counts_down = |links: &Vec<u64>| links.windows(2).all(|pair| pair[0] == pair[1] + 1);
    if chains.values().all(counts_down) { Ok(()) } else { Err("a chain does not count down".to_owned()) }
}

fn answers_its_drive(program: &str, result: &str) {
    let program: Value = serde_json::from_str(program).expect("a program");
    let result: Value = serde_json::from_str(result).expect("a result");
    let program = &program["program"];
    let trace = list(&result["trace"]);
    let asked: Vec<&Value> = list(&program["drive"]).iter().map(|step| &step[0]).collect();
    let answers: Vec<&Value> = trace.iter().filter(|event| event[0] == "=>").collect();
    let answered: Vec<&Value> = answers.iter().map(|event| &event[1]).collect();
    assert_eq!(asked, answered, "seed {}", program["seed"]);
    let starts = trace.iter().filter(|event| event[0] == "start" && event[1] == 0).count();
    assert!(starts <= 1, "seed {}: body 0 starts {starts} times", program["seed"]);
    let mut steps = answers.iter().skip_while(|event| event[2][0] != "Stop").skip(1);
    let finished = |event: &&&Value| match event[1].as_str() {
        Some("throw") => event[2][0] == "Err",
        Some("close") => event[2] == json!(["close", null]),
        _ => event[2] == json!(["Stop", null]),
    };
    assert!(steps.all(|event| finished(&event)), "seed {}: it is finished, and goes on", program["seed"]);
}

/// An event of a trace: `[time, who, what, value…]`.
struct Event<'a> {
    time: u64,
    who: &'a str,
    what: &'a str,
    values: &'a [Value],
}

impl<'a> Event<'a> {
    fn new(event: &'a Value) -> Self {
        let parts = (event[0].as_u64(), event[1].as_str(), event[2].as_str());
        let (Some(time), Some(who), Some(what)) = parts else { panic!("{event} is no event") };
        Self { time, who, what, values: &list(event)[3..] }
    }
}

/// `T3/1/2` is an inline coroutine of task 3.
fn task_of(who: &str) -> usize {
    let number = who.strip_prefix('T').and_then(|who| who.split('/').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("{who} is no task"))
}

// ---- helpers ----

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it is text")
}

/// The records of a corpus.
fn recorded(corpus: &str) -> Vec<String> {
    let path = cede_tests::data().join(format!("conformance/corpus/{corpus}.jsonl"));
    fs::read_to_string(path).expect("the corpus is there").lines().map(str::to_owned).collect()
}

/// Random programs, one a line.
fn generate(seed: &str, count: &str, groups: &str) -> String {
    let made = cede_tests::cede(["conform", "--generate", seed, count, groups]);
    assert!(made.status.success(), "{groups}: {}", text(&made.stderr));
    text(&made.stdout).to_owned()
}

/// `cede conform` on programs given to its standard input.
fn conform(arguments: &[&str], programs: &str) -> Output {
    let mut command = Command::new(cede_tests::binary());
    command.arg("conform").args(arguments).arg("-");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut input = child.stdin.take().expect("a pipe was asked for");
    thread::scope(|scope| {
        scope.spawn(move || {
            // Refused programs are not read to their end.
            let _ = input.write_all(programs.as_bytes());
        });
        child.wait_with_output().expect("the binary ends")
    })
}
