//! Events of the network beyond connections, names and leases: what one protocol tells of itself.

use super::{Ends, Head};
use crate::attribute;
use crate::class::ClassUid;
use crate::event::Event;
use crate::network::{HttpRequest, HttpResponse};
use crate::text::Str;
use homeostat_core::JsonText;

/// Which half of a web exchange is known: the schema asks for at least one.
#[derive(Clone, Debug, PartialEq)]
pub enum WebExchange {
    /// What was asked.
    Request(HttpRequest),
    /// What was answered.
    Response(HttpResponse),
    /// Both.
    Both(HttpRequest, HttpResponse),
}

impl Event {
    /// Class 4002: a web client asks a server.
    ///
    /// ```
    /// use homeostat_event::{Event, Head, HttpRequest, HttpResponse, Product, WebExchange};
    ///
    /// let head = Head::new(3, "2026-03-16T08:30:00Z".parse()?, Product::new("Acme", "Proxy"));
    /// let seen = Event::http_activity(head, WebExchange::Both(HttpRequest::new(), HttpResponse::new(200)));
    /// assert!(homeostat_event::validate(&seen).is_empty());
    /// # Ok::<(), homeostat_event::BadTime>(())
    /// ```
    pub fn http_activity(head: Head, exchange: WebExchange) -> Self {
        let mut event = Self::of_class(ClassUid::HTTP_ACTIVITY, head);
        match exchange {
            WebExchange::Request(request) => event.set_http_request(request),
            WebExchange::Response(response) => event.set_http_response(response),
            WebExchange::Both(request, response) => {
                event.set_http_request(request).set_http_response(response)
            }
        };
        event
    }

    /// Class 4005: a screen is shown over the network by RDP.
    pub fn rdp_activity(head: Head, ends: Ends) -> Self {
        Self::between(ClassUid::RDP_ACTIVITY, head, ends)
    }

    /// Class 4006: files and pipes are shared by SMB.
    pub fn smb_activity(head: Head, ends: Ends) -> Self {
        Self::between(ClassUid::SMB_ACTIVITY, head, ends)
    }

    /// Class 4007: a shell or a file transfer by SSH.
    pub fn ssh_activity(head: Head, ends: Ends) -> Self {
        Self::between(ClassUid::SSH_ACTIVITY, head, ends)
    }

    /// Class 4008: a file transfer by FTP.
    pub fn ftp_activity(head: Head, ends: Ends) -> Self {
        Self::between(ClassUid::FTP_ACTIVITY, head, ends)
    }

    /// Class 4013: a clock is set by NTP of a version such as `4`.
    pub fn ntp_activity(head: Head, version: impl Into<Str>, ends: Ends) -> Self {
        let mut event = Self::between(ClassUid::NTP_ACTIVITY, head, ends);
        let version = version.into();
        let text = attribute::written(|out| attribute::write_text(version.as_bytes(), out));
        event.set_attribute("version", &JsonText::new(text));
        event
    }

    /// Class 4014: a tunnel between two endpoints.
    pub fn tunnel_activity(head: Head, ends: Ends) -> Self {
        Self::between(ClassUid::TUNNEL_ACTIVITY, head, ends)
    }

    fn between(class: ClassUid, head: Head, ends: Ends) -> Self {
        let mut event = Self::of_class(class, head);
        event.set_ends(ends);
        event
    }
}
