//! The page's end of the line to the worker.

use std::rc::Rc;

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::reduce::Action;
use super::{debug, dom, runtime};
use crate::protocol::{Event, Request};
use crate::transport;

/// Starts `worker.wasm` in a module worker.
const PROGRAM: &str = "./worker-boot.js";

/// A running worker. Dropping it ends the worker, and nothing it said since is heard.
pub(super) struct Bridge {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Bridge {
    /// Starts a worker.
    pub(super) fn start() -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(PROGRAM, &options)?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(hear);
        let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(|event: web_sys::Event| {
            // The page tells it in its own words; the browser need not as well.
            event.prevent_default();
            runtime::dispatch(Action::WorkerDied(dom::now()));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a request.
    pub(super) fn send(&self, request: &Request, blob: Option<&[u8]>) -> Result<(), JsValue> {
        let blobs: Vec<&[u8]> = blob.into_iter().collect();
        let (packet, buffers) = transport::pack(request, &blobs)?;
        self.worker.post_message_with_transfer(&packet, &buffers)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn hear(message: MessageEvent) {
    // Browser extensions may talk into any worker; what is not ours is not an error.
    let Ok((event, blobs)) = transport::unpack::<Event>(&message.data()) else {
        return;
    };
    let raw = match &event {
        Event::Result { job, raw: Some(raw), .. } => Some((*job, raw.clone())),
        _ => None,
    };
    let blobs: Vec<Rc<Vec<u8>>> = blobs.into_iter().map(Rc::new).collect();
    runtime::dispatch(Action::Worker(event, blobs.clone(), dom::now()));
    if let Some((job, raw)) = raw {
        runtime::with_state(|state| {
            if let Some(result) = state.result.as_ref().filter(|r| r.job == job) {
                debug::publish(&result.json, &raw, &blobs);
            }
        });
    }
}
