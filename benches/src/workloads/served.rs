//! The workloads with two sides: what is served, and how much is asked for at once.

use super::{Kind, Metric, Scenario, Workload, thousands};

const RATE: &str = "requests/s";

/// How many connections.
const SIZES: [u64; 2] = [50, 1_000];

pub(super) fn echo(list: &mut Vec<Workload>) {
    for n in SIZES {
        let title = format!("TCP echo, {} connections, 64 bytes there and back", thousands(n));
        let scenario = Scenario::new(Kind::Echo, n);
        push(list, format!("W9-{n}"), title.clone(), RATE, scenario, Metric::Rate);
        push_cpu(list, &format!("W9-{n}"), &title, scenario);
    }
}

pub(super) fn programs(list: &mut Vec<Workload>) {
    for (word, command, metric) in [("get", "GET", Metric::Get), ("set", "SET", Metric::Set)] {
        for n in SIZES {
            for pipeline in [1, 16] {
                let id = format!("redis-{word}-{n}-p{pipeline}");
                let title =
                    format!("Redis {command}, {} clients, redis-benchmark -P {pipeline}", thousands(n));
                push(list, id, title, RATE, Scenario { kind: Kind::Redis, n, m: pipeline }, metric);
            }
        }
    }
    for n in SIZES {
        for pipeline in [1, 16] {
            let title = format!("Redis SET and GET, {} clients, redis-benchmark -P {pipeline}", thousands(n));
            let scenario = Scenario { kind: Kind::Redis, n, m: pipeline };
            push_cpu(list, &format!("redis-{n}-p{pipeline}"), &title, scenario);
        }
    }
    for n in SIZES {
        let title = format!("HTTP/1.1, a page of 14 bytes, {} connections kept alive, by wrk", thousands(n));
        let scenario = Scenario::new(Kind::Http, n);
        push(list, format!("http-{n}"), title.clone(), RATE, scenario, Metric::Rate);
        push_cpu(list, &format!("http-{n}"), &title, scenario);
    }
}

/// The number that the load cannot cap.
fn push_cpu(list: &mut Vec<Workload>, id: &str, title: &str, scenario: Scenario) {
    let title = format!("{title}: CPU time of the server");
    push(list, format!("{id}-cpu"), title, "µs/request", scenario, Metric::CpuRequest);
}

fn push(
    list: &mut Vec<Workload>,
    id: String,
    title: String,
    unit: &'static str,
    scenario: Scenario,
    metric: Metric,
) {
    list.push(Workload { id, title, unit, scenario, metric, per: 1.0 });
}
