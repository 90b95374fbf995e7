//! Zeek records of the office's sensor: `conn` as tab-separated text, `dns` and `dhcp` as JSON lines.

use crate::log::{Log, LogSource, epoch_text};
use crate::object::Object;
use crate::rng::{MIXED, Rng};

/// A connection as `conn.log` tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) port: u16,
    pub(crate) service: &'a str,
    /// Duration in microseconds.
    pub(crate) lasts: i64,
    /// Bytes of the originator and of the responder.
    pub(crate) bytes: (u64, u64),
}

/// Writes a connection that began at `at`.
pub(crate) fn flow(log: &mut Log, rng: &mut Rng, at: i64, flow: Flow<'_>) {
    let Flow { from, to, port, service, lasts, bytes: (sent, received) } = flow;
    let protocol = if matches!(port, 53 | 67 | 123) { "udp" } else { "tcp" };
    let (state, history) = if protocol == "udp" { ("SF", "Dd") } else { ("SF", "ShADadFf") };
    let local = if is_local(to) { "T" } else { "F" };
    let (out, back) = (sent / 1_400 + 4, received / 1_400 + 4);
    let line = format!(
        "{}\tC{}\t{from}\t{}\t{to}\t{port}\t{protocol}\t{service}\t{}\t{sent}\t{received}\t{state}\tT\t{local}\t0\
         \t{history}\t{out}\t{}\t{back}\t{}\t-",
        epoch_text(at),
        rng.token(17, MIXED),
        rng.between(49_152, 65_536),
        epoch_text(lasts),
        sent + out * 40,
        received + back * 40,
    );
    log.write(LogSource::ZeekConn, at, line);
}

fn is_local(address: &str) -> bool {
    address.starts_with("10.")
}

/// A look-up as `dns.log` tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookup<'a> {
    pub(crate) from: &'a str,
    pub(crate) name: &'a str,
    /// `None`: the name does not exist.
    pub(crate) answer: Option<&'a str>,
}

/// Writes a look-up at `at`.
pub(crate) fn lookup(log: &mut Log, rng: &mut Rng, at: i64, lookup: Lookup<'_>) {
    let (rcode, rcode_name) = if lookup.answer.is_some() { (0, "NOERROR") } else { (3, "NXDOMAIN") };
    let mut record = Object::default()
        .plain("ts", epoch_text(at))
        .text("uid", &format!("C{}", rng.token(17, MIXED)))
        .text("id.orig_h", lookup.from)
        .plain("id.orig_p", rng.between(49_152, 65_536))
        .text("id.resp_h", RESOLVER)
        .plain("id.resp_p", 53)
        .text("proto", "udp")
        .plain("trans_id", rng.below(65_536))
        .plain("rtt", epoch_text(rng.between(800, 30_000)))
        .text("query", lookup.name)
        .plain("qclass", 1)
        .text("qclass_name", "C_INTERNET")
        .plain("qtype", 1)
        .text("qtype_name", "A")
        .plain("rcode", rcode)
        .text("rcode_name", rcode_name)
        .plain("AA", false)
        .plain("TC", false)
        .plain("RD", true)
        .plain("RA", true)
        .plain("Z", 0);
    if let Some(answer) = lookup.answer {
        record =
            record.texts("answers", &[answer]).plain("TTLs", format_args!("[{}.0]", rng.between(60, 3_600)));
    }
    log.write(LogSource::ZeekDns, at, record.plain("rejected", false).end());
}

/// A request as `http.log` tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) status: u16,
}

/// Writes a request at `at`.
pub(crate) fn page(log: &mut Log, rng: &mut Rng, at: i64, page: Page<'_>) {
    let line = Object::default()
        .plain("ts", epoch_text(at))
        .text("uid", &format!("C{}", rng.token(17, MIXED)))
        .text("id.orig_h", page.from)
        .plain("id.orig_p", rng.between(49_152, 65_536))
        .text("id.resp_h", page.to)
        .plain("id.resp_p", 80)
        .plain("trans_depth", 1)
        .text("method", "GET")
        .text("host", page.host)
        .text("uri", page.path)
        .text("version", "1.1")
        .text("user_agent", page.agent)
        .plain("request_body_len", 0)
        .plain("response_body_len", 400 + rng.skewed(60_000))
        .plain("status_code", page.status)
        .text("status_msg", if page.status == 200 { "OK" } else { "Not Found" })
        .plain("tags", "[]")
        .end();
    log.write(LogSource::ZeekHttp, at, line);
}

/// A lease as `dhcp.log` tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease<'a> {
    pub(crate) mac: &'a str,
    pub(crate) host: &'a str,
    pub(crate) address: &'a str,
}

/// How long a lease lasts, in seconds.
pub(crate) const LEASE_SECONDS: i64 = 8 * 3_600;

/// Writes that a lease was given or renewed at `at`.
pub(crate) fn lease(log: &mut Log, rng: &mut Rng, at: i64, lease: Lease<'_>) {
    let line = Object::default()
        .plain("ts", epoch_text(at))
        .list("uids", &[format!("\"C{}\"", rng.token(17, MIXED))])
        .text("client_addr", lease.address)
        .text("server_addr", RESOLVER)
        .text("mac", lease.mac)
        .text("host_name", lease.host)
        .text("client_fqdn", &format!("{}.corp.acme.example", lease.host.to_lowercase()))
        .text("domain", "corp.acme.example")
        .text("requested_addr", lease.address)
        .text("assigned_addr", lease.address)
        .plain("lease_time", format_args!("{LEASE_SECONDS}.0"))
        .texts("msg_types", &["REQUEST", "ACK"])
        .plain("duration", epoch_text(rng.between(300, 5_000)))
        .end();
    log.write(LogSource::ZeekDhcp, at, line);
}

/// The office's resolver and DHCP server.
pub(crate) const RESOLVER: &str = "10.20.0.2";
