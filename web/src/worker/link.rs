//! The worker's end of the line to the page.

use js_sys::{Function, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use g2d_web::protocol::{Event, PROTOCOL, Request, Subject};
use g2d_web::transport;

/// The worker's global object; none when the program was started in a page by mistake.
pub(crate) fn scope() -> Option<DedicatedWorkerGlobalScope> {
    js_sys::global().dyn_into().ok()
}

/// Sends an event that has no pictures.
pub(crate) fn post(event: &Event) {
    post_with(event, &[]);
}

/// Sends an event with its pictures.
pub(crate) fn post_with(event: &Event, blobs: &[Vec<u8>]) {
    let Some(scope) = scope() else { return };
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    let sent = transport::pack(event, &blobs)
        .and_then(|(packet, buffers)| scope.post_message_with_transfer(&packet, &buffers));
    if sent.is_err() {
        web_sys::console::error_1(&"[G2D-P24] a message could not be sent to the page".into());
    }
}

/// Says what is being done.
pub(crate) fn stage(text: &str) {
    post(&Event::Stage { text: text.into() });
}

/// Hands every message of the page to `handle`, then says hello: messages that arrive before
/// there is a listener are lost, so the page waits for that.
pub(crate) fn listen(handle: impl Fn(Request, Vec<Vec<u8>>) + 'static) {
    let Some(scope) = scope() else { return };
    let on_message =
        Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| match transport::unpack(
            &message.data(),
        ) {
            Ok((request, blobs)) => handle(request, blobs),
            Err(_) => post(&Event::Failed {
                subject: Subject::Worker,
                code: "G2D-P22".into(),
                message: "The page and its worker do not understand each other".into(),
                remedy: "Reload the page without the browser's cache".into(),
                fatal: false,
            }),
        });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The listener lives as long as the worker.
    on_message.forget();
    post(&Event::Hello { protocol: PROTOCOL });
}

/// Tells the page before a panic ends this worker. Only the place is told, never the panic's own
/// words: those may quote the report.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map(|l| {
                let file = l.file().rsplit(['/', '\\']).next().unwrap_or_default();
                format!("{file}:{}", l.line())
            })
            .unwrap_or_default();
        post(&Event::Failed {
            subject: Subject::Worker,
            code: "G2D-P20".into(),
            message: format!("The worker stopped at {place}"),
            remedy: "It is started again with the same film and report; if it stops again, \
                     try ?backend=cpu in the address and report this code with the place"
                .into(),
            fatal: true,
        });
    }));
}

/// Lets messages in between two long steps: waits for one turn of the browser's task queue.
pub(crate) async fn breathe() {
    let promise = js_sys::Promise::new(&mut |resolve: Function, _| {
        let set = Reflect::get(&js_sys::global(), &"setTimeout".into())
            .and_then(|f| f.dyn_into::<Function>());
        let done = set.and_then(|f| f.call2(&JsValue::NULL, &resolve, &0.into()));
        if done.is_err() {
            // Without a timer there is nothing to wait for.
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

/// Milliseconds on the browser's clock.
pub(crate) fn now() -> f64 {
    scope().and_then(|s| s.performance()).map_or(0.0, |p| p.now())
}
