//! Messages of the protocol: JSON texts, each terminated by a zero byte.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{ChildStdin, ChildStdout},
    sync::{broadcast, mpsc, oneshot},
    time::timeout,
};

/// Timeout for one call to the browser.
const PATIENCE: Duration = Duration::from_mins(1);

/// Maximum number of events that a listener may lag behind.
const BEHIND: usize = 4096;

/// The connection to the browser.
pub(super) struct Pipe {
    outgoing: mpsc::UnboundedSender<Value>,
    state: Mutex<State>,
    events: broadcast::Sender<Value>,
}

#[derive(Default)]
struct State {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Value>>,
}

impl Pipe {
    pub(super) fn open(mut input: ChildStdin, output: ChildStdout) -> Arc<Self> {
        let (outgoing, mut queue) = mpsc::unbounded_channel::<Value>();
        let pipe = Arc::new(Self { outgoing, state: Mutex::default(), events: broadcast::channel(BEHIND).0 });
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                let mut bytes = message.to_string().into_bytes();
                bytes.push(0);
                if input.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        let reading = Arc::downgrade(&pipe);
        tokio::spawn(async move {
            let mut output = BufReader::new(output);
            let mut bytes = Vec::new();
            while output.read_until(0, &mut bytes).await.is_ok_and(|read| read > 0) {
                let Some(pipe) = reading.upgrade() else { return };
                if let Ok(message) = serde_json::from_slice(bytes.strip_suffix(&[0]).unwrap_or(&bytes)) {
                    pipe.take(message);
                }
                bytes.clear();
            }
        });
        pipe
    }

    fn take(&self, message: Value) {
        let waiting = message["id"].as_u64().and_then(|id| self.state().waiting.remove(&id));
        match waiting {
            Some(waiting) => drop(waiting.send(message)),
            // There may be no listener.
            None => drop(self.events.send(message)),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes to all later events of the browser.
    pub(super) fn events(&self) -> broadcast::Receiver<Value> {
        self.events.subscribe()
    }

    /// Calls a method of the browser and waits for the result.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let (sender, receiver) = oneshot::channel();
        let id = {
            let mut state = self.state();
            state.last += 1;
            let id = state.last;
            state.waiting.insert(id, sender);
            id
        };
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        assert!(self.outgoing.send(message).is_ok(), "the browser is gone");
        let answer = timeout(PATIENCE, receiver).await.unwrap_or_else(|_| panic!("no answer to {method}"));
        let answer = answer.unwrap_or_else(|_| panic!("the browser went away during {method}"));
        // An evaluation has no result on a page that is being replaced.
        if method == "Runtime.evaluate" && answer["error"]["message"] == "Inspected target navigated or closed" {
            return Value::Null;
        }
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }
}
