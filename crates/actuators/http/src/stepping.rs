//! A client for the conformance kit: it can be dropped before and after each call, and jammed.

use crate::{Answer, Call, HttpSend, SendError};
use core::fmt;
use homeostat_response::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// Lets the kit crash an actuator before and after each of its calls, and lets a lab refuse changes.
///
/// Clones share the jam.
#[derive(Clone)]
pub struct Stepping {
    inner: Arc<dyn HttpSend>,
    jammed: Arc<AtomicBool>,
}

impl Stepping {
    /// Sends through `inner`.
    pub fn new(inner: Arc<dyn HttpSend>) -> Self {
        Self { inner, jammed: Arc::default() }
    }

    /// From now on each call but `GET` is answered with 503 and changes nothing.
    pub fn jam(&self) {
        self.jammed.store(true, Ordering::Relaxed);
    }

    /// From now on calls go through again.
    pub fn free(&self) {
        self.jammed.store(false, Ordering::Relaxed);
    }
}

impl fmt::Debug for Stepping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stepping")
    }
}

impl HttpSend for Stepping {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, SendError>> {
        Box::pin(async move {
            step().await;
            if call.method != "GET" && self.jammed.load(Ordering::Relaxed) {
                return Ok(Answer::new(503, Vec::new()));
            }
            let answer = self.inner.send(call).await;
            step().await;
            answer
        })
    }
}

/// Gives whoever polls one chance to drop the future: there a crash is played.
async fn step() {
    let mut asked = false;
    std::future::poll_fn(move |context| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
