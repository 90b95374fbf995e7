//! Stored mails, told by their header and read like any other input; what they say is withheld.
#![cfg(test)]
#![cfg(feature = "eml")]

use homeostat_core::Outcome;
use homeostat_event::validate;
use homeostat_ingest::{Ingest, Registry};

const MAIL: &str = concat!(
    "Return-Path: <bounce@sender.example>\r\n",
    "Received: from mx.sender.example (mx.sender.example [192.0.2.7])\r\n",
    "\tby in.acme.example with ESMTPS id 4A for <jane@acme.example>;\r\n\tMon, 16 Mar 2026 08:30:00 +0100\r\n",
    "Received: from desk (desk [198.51.100.14]) by mx.sender.example with ESMTPSA;\r\n",
    "\tMon, 16 Mar 2026 08:29:58 +0100\r\n",
    "Authentication-Results: in.acme.example; spf=pass smtp.mailfrom=sender.example; dkim=none; dmarc=fail\r\n",
    "From: Sam <sam@sender.example>\r\nTo: jane@acme.example\r\nCc: bo@acme.example\r\n",
    "Subject: Invoice\r\nMessage-ID: <17@sender.example>\r\nDate: Mon, 16 Mar 2026 08:29:00 +0100\r\n",
    "X-Mailer: Desk 7\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
    "--b\r\nContent-Type: text/plain\r\n\r\nMARKED words\r\n",
    "--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n",
    "Content-Transfer-Encoding: base64\r\n\r\nTUFSS0VE\r\n--b--\r\n",
);

#[test]
fn a_mail_becomes_one_event_and_its_words_are_withheld() {
    let mut ingest = Ingest::new(Registry::default()).with_coverage();
    let events: Vec<_> = ingest.read("a.eml", MAIL.as_bytes()).collect::<Result<_, _>>().unwrap();
    let [event] = &events[..] else { panic!("{} events", events.len()) };
    assert_eq!(validate(event), []);
    assert_eq!((event.class_uid().get(), event.outcome()), (4009, Outcome::Success));
    assert_eq!(event.when(), "2026-03-16T07:30:00Z".parse().unwrap());
    let mail = event.email().unwrap();
    assert_eq!((mail.subject(), mail.message_uid()), (Some("Invoice"), Some("17@sender.example")));
    let sender = event.src_endpoint().unwrap();
    assert_eq!(sender.ip(), Some("198.51.100.14"));
    let passed: Vec<&str> = sender.intermediate_ips().iter().map(homeostat_event::Str::as_str).collect();
    assert_eq!(passed, ["192.0.2.7"]);
    let checks = event.email_auth().unwrap();
    assert_eq!((checks.spf(), checks.dmarc()), (Some("pass"), Some("fail")));
    assert_eq!(mail.files()[0].name(), Some("a.pdf"));
    assert!(!event.to_json().contains("MARKED"));
    let counts = &ingest.coverage().sources["eml"];
    assert_eq!((counts.withheld, counts.leaves_dropped, counts.errors), (1, 0, 0));
}

#[test]
fn a_file_of_mails_becomes_an_event_a_mail() {
    let mails = MAIL.replace("\r\n", "\n");
    let text = format!(
        "From bounce@sender.example Mon Mar 16 07:30:00 2026\n{mails}\nFrom b@x.example Mon Mar 16 07:31:00 2026\n{}",
        mails.replace("<17@sender.example>", "<18@sender.example>")
    );
    let mut ingest = Ingest::new(Registry::default()).with_coverage();
    let events: Vec<_> = ingest.read("all.mbox", text.as_bytes()).collect::<Result<_, _>>().unwrap();
    let uids: Vec<_> = events.iter().map(|event| event.email().unwrap().message_uid().unwrap()).collect();
    assert_eq!(uids, ["17@sender.example", "18@sender.example"]);
    assert_eq!(events[1].reference().unwrap().as_str(), "all#1");
    assert_eq!(
        events[1].unmapped("eml.from_line").unwrap().as_str(),
        "\"b@x.example Mon Mar 16 07:31:00 2026\""
    );
    assert!(events.iter().all(|event| validate(event).is_empty() && !event.to_json().contains("MARKED")));
    assert_eq!(ingest.coverage().sources["eml"].leaves_dropped, 0);
}
