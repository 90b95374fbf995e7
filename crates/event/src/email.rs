//! Mail: who sent what to whom, and what stood in the way of it being believed.

use crate::device::File;
use crate::network::Url;
use crate::object::{Object as _, ocsf_object, ocsf_open};
use crate::text::Str;

ocsf_object! {
    /// A mail. `from` and `to` are of its header, `sender` and `return_path` of the envelope.
    pub struct Email {
        texts cc set_cc,
        texts delivered_to_list set_delivered_to_list,
        list files set_files: File,
        text sent_from set_sent_from = "from",
        texts senders set_senders = "from_list",
        text sent_from_mailbox set_sent_from_mailbox = "from_mailbox",
        flag read_by_recipient set_read_by_recipient = "is_read",
        text message_uid set_message_uid,
        text raw_header set_raw_header,
        texts reply_to_list set_reply_to_list,
        text return_path set_return_path,
        text sender set_sender,
        text sender_mailbox set_sender_mailbox,
        long size set_size,
        text subject set_subject,
        texts sent_to set_sent_to = "to",
        text uid set_uid,
        list urls set_urls: Url,
        texts x_originating_ip set_x_originating_ip,
    }
}

/// Whom a mail names: the schema asks for one end at least.
#[derive(Clone, Debug, PartialEq)]
pub enum Correspondents {
    /// Who sent it.
    From(Str),
    /// Whom it is sent to.
    To(Vec<Str>),
    /// Both, the sender first.
    Both(Str, Vec<Str>),
}

impl Correspondents {
    /// Those of whom something is told; `None` when nobody is.
    pub fn told(from: Option<Str>, to: Vec<Str>) -> Option<Self> {
        match (from, to.is_empty()) {
            (Some(from), true) => Some(Self::From(from)),
            (Some(from), false) => Some(Self::Both(from, to)),
            (None, false) => Some(Self::To(to)),
            (None, true) => None,
        }
    }
}

impl Email {
    /// A mail between `parties`.
    pub fn new(parties: Correspondents) -> Self {
        let mut email = Self::blank();
        match parties {
            Correspondents::From(from) => email.set_sent_from(from),
            Correspondents::To(to) => email.set_sent_to(to),
            Correspondents::Both(from, to) => email.set_sent_from(from).set_sent_to(to),
        };
        email
    }
}

ocsf_object! {
    /// What the checks of a mail's origin came to.
    pub struct EmailAuth {
        text dkim set_dkim,
        text dkim_domain set_dkim_domain,
        text dkim_signature set_dkim_signature,
        text dmarc set_dmarc,
        text dmarc_override set_dmarc_override,
        text dmarc_policy set_dmarc_policy,
        text spf set_spf,
    }
}

impl EmailAuth {
    /// Checks of which nothing is told yet; the schema asks for nothing.
    pub fn new() -> Self {
        Self::blank()
    }
}

impl Default for EmailAuth {
    fn default() -> Self {
        Self::new()
    }
}

ocsf_open!(Email, EmailAuth);
