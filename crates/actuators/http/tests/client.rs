#![cfg(test)]
#![cfg(feature = "ureq")]
//! The client against a server that answers, one that is silent, one that hangs up, and none at all.

use homeostat_actuator_http::{Answer, Call, Client, HttpSend, SendError, look};
use homeostat_response::ActError;
use homeostat_response::conformance::block_on;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

/// A server for one call, which says `answer` once it has read something; its address.
fn server(answer: Option<&'static str>, hold: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0);
        thread::sleep(hold);
        if let Some(answer) = answer {
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    format!("http://{address}/Users/7")
}

fn send(url: &str) -> Result<Answer, SendError> {
    let call = Call::new("PATCH", url).bearer("token").body("application/scim+json", "{}");
    block_on(Client::new(Duration::from_millis(400)).send(&call))
}

#[test]
fn an_answer_is_told_whole_whatever_its_status() {
    let text = "HTTP/1.1 412 Precondition Failed\r\nETag: W/\"3\"\r\nContent-Length: 2\r\n\r\nno";
    let answer = send(&server(Some(text), Duration::ZERO)).unwrap();
    assert_eq!((answer.status, answer.get("etag"), answer.text().as_str()), (412, Some("W/\"3\""), "no"));
    let moved = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(send(&server(Some(moved), Duration::ZERO)).map(|answer| answer.status), Ok(307));
}

#[test]
fn what_was_sent_and_not_answered_is_not_known() {
    assert_eq!(send(&server(None, Duration::from_secs(2))), Err(SendError::Unanswered), "too late");
    assert_eq!(send(&server(None, Duration::ZERO)), Err(SendError::Unanswered), "hung up");
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    assert_eq!(send(&server(Some(half), Duration::ZERO)), Err(SendError::Unanswered), "half an answer");
}

#[test]
fn what_never_left_was_not_done() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(send(&format!("http://{gone}/")), Err(SendError::Unsent));
    assert_eq!(send("no address"), Err(SendError::Unsent));
    let call = Call::new("GET", &format!("http://{gone}/"));
    let looked = block_on(look(&Client::default(), &call, "read"));
    assert_eq!(looked.err(), Some(ActError::transient("read")));
}
