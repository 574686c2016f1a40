//! Spans of `tracing` that follow tasks across their awaits.

use std::sync::{Arc, Mutex};

use cede::trace::Spans;
use cede::{Awaitable, Runner, coroutine, create_task, yield_now};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Notes each event with the spans it is in, and each span that closes.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

/// A span's name, or an event's message.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "name" {
            self.0 = value.to_owned();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Notes {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut name = Text::default();
        attributes.record(&mut name);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(name);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut message = Text::default();
        event.record(&mut message);
        let name = |span: tracing_subscriber::registry::SpanRef<'_, S>| {
            span.extensions().get::<Text>().map_or_else(String::new, |text| text.0.clone())
        };
        let scope: Vec<_> = context.event_scope(event).into_iter().flatten().map(name).collect();
        self.0.lock().unwrap().push(format!("{} in [{}]", message.0, scope.join(" < ")));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let name =
            context.span(&id).and_then(|span| span.extensions().get::<Text>().map(|text| text.0.clone()));
        self.0.lock().unwrap().push(format!("{} closes", name.unwrap_or_default()));
    }
}

fn notes(program: impl FnOnce() + 'static) -> Vec<String> {
    let notes = Notes::default();
    let subscriber = tracing_subscriber::registry().with(notes.clone());
    tracing::subscriber::with_default(subscriber, || {
        Runner::new().observer(Spans::new()).run(coroutine(program)).unwrap();
        info!("after the run");
    });
    let notes = notes.0.lock().unwrap();
    notes.clone()
}

#[test]
fn what_interleaved_tasks_log_is_each_in_its_own_span() {
    fn talk() {
        for word in ["one", "two"] {
            info!("{word}");
            yield_now().await_().unwrap();
        }
    }
    let noted = notes(|| {
        let tasks = ["a", "b"].map(|name| create_task(coroutine(talk)).named(name));
        info!("waiting");
        tasks.into_iter().for_each(|task| task.await_().unwrap());
        info!("done");
    });
    assert_eq!(
        noted,
        [
            "waiting in [Task-1]",
            "one in [a < Task-1]",
            "one in [b < Task-1]",
            "two in [a < Task-1]",
            "two in [b < Task-1]",
            "a closes",
            "b closes",
            "done in [Task-1]",
            "Task-1 closes",
            "after the run in []",
        ]
    );
}

#[test]
fn a_span_of_the_programs_own_is_a_tasks_parent() {
    let noted = notes(|| {
        let task =
            info_span!("request", name = "request").in_scope(|| create_task(coroutine(|| info!("served"))));
        task.await_().unwrap();
    });
    assert_eq!(noted[0], "served in [Task-2 < request < Task-1]");
}
