//! A request's body on its way in. What nobody reads of it is read away, so that a client that is still sending gets its
//! answer rather than a broken connection.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming as HyperBody;

/// How long the rest of a refused request is read away.
const DRAIN: Duration = Duration::from_secs(30);
/// How long its client may pause meanwhile.
const PAUSE: Duration = Duration::from_secs(3);

/// A body as it arrives.
pub(crate) struct Arriving<B: Body<Data = Bytes> + Unpin + Send + 'static = HyperBody> {
    body: Option<B>,
    /// The client waits to be told that its body is wanted, and nothing has been read yet: so it never will be sent.
    awaited: bool,
}

impl<B: Body<Data = Bytes> + Unpin + Send + 'static> Arriving<B> {
    pub fn new(parts: &Parts, body: B) -> Self {
        // HTTP/2 clients do not wait.
        let awaited = parts.version < http::Version::HTTP_2 && parts.headers.contains_key(http::header::EXPECT);
        Self { body: Some(body), awaited }
    }
}

impl<B: Body<Data = Bytes> + Unpin + Send + 'static> Body for Arriving<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.awaited = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: Body<Data = Bytes> + Unpin + Send + 'static> Drop for Arriving<B> {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !self.awaited && !body.is_end_stream()) else { return };
        // The connection's own runtime ends it at the latest when the server has drained.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(DRAIN, read_away(body)));
        }
    }
}

async fn read_away(mut body: impl Body<Data = Bytes> + Unpin) {
    use http_body_util::BodyExt as _;
    while let Ok(Some(Ok(_))) = tokio::time::timeout(PAUSE, body.frame()).await {}
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};
    use tokio::sync::mpsc;

    use super::*;

    type Sent = Result<Frame<Bytes>, std::convert::Infallible>;

    /// A body that two chunks are sent to, one by one; whether the second one was taken.
    async fn second_is_taken(headers: &[(&str, &str)], read_first: bool) -> bool {
        let (send, mut receive) = mpsc::channel::<Sent>(1);
        let stream = futures::stream::poll_fn(move |cx| receive.poll_recv(cx));
        let mut request = http::Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let mut body = Arriving::new(&parts, StreamBody::new(stream));
        let chunk = || Ok(Frame::data(Bytes::from_static(b"x")));
        send.send(chunk()).await.unwrap();
        if read_first {
            body.frame().await;
        }
        drop(body);
        send.send(chunk()).await.is_ok() && send.send(chunk()).await.is_ok()
    }

    #[tokio::test]
    async fn what_nobody_reads_is_read_away() {
        assert!(second_is_taken(&[], false).await);
        assert!(second_is_taken(&[], true).await);
    }

    #[tokio::test]
    async fn a_body_that_nobody_asked_for_is_not_waited_for() {
        assert!(!second_is_taken(&[("expect", "100-continue")], false).await);
        assert!(second_is_taken(&[("expect", "100-continue")], true).await);
    }
}
