//! Connections of Zeek logs in, a row for each pair with how much of a beacon it is, the most first.

use super::{ScoreError, Scored};
use crate::input::inputs;
use homeostat_baseline::{Pair, Periodicity, rank_beacons};
use homeostat_event::Event;
use homeostat_ingest::{Ingest, Registry};
use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// Connections within half of this are one call: a browser opens several at once, a client tries again.
const RESOLUTION: Duration = Duration::from_secs(1);

/// Ranks the pairs of source and destination port in the connection logs at `paths`.
///
/// Records that could not be read, or are of other logs, are told on standard error. All times are kept until the
/// end, 16 bytes a connection, as logs are not strictly in order.
///
/// # Errors
///
/// [`ScoreError`] when a log can not be read or the result not written.
pub fn beacons(paths: &[PathBuf], out: impl Write) -> Result<(), ScoreError> {
    let mut calls = Calls::default();
    let mut ingest = Ingest::new(Registry::default());
    for input in inputs(paths)? {
        let (mut bad, mut other) = (0_u64, 0_u64);
        for event in ingest.read(input.name(), input.open()?) {
            match event {
                Ok(event) => other += u64::from(calls.add(&event).is_none()),
                Err(_) => bad += 1,
            }
        }
        if bad + other > 0 {
            eprintln!("{}: {bad} records could not be read, {other} are no connections", input.name());
        }
    }
    calls.write(out)
}

/// Who called whom, and when.
#[derive(Default)]
struct Calls {
    // In the order of their first call; the map finds them.
    names: Vec<(String, String, u16)>,
    known: HashMap<(String, String, u16), u32>,
    times: Vec<(u32, i64)>,
}

impl Calls {
    /// Adds the connection that `event` tells of; `None` when it tells of none.
    fn add(&mut self, event: &Event) -> Option<()> {
        if event.metadata()?.log_name() != Some("conn") {
            return None;
        }
        let (from, to) = (event.origin()?, event.destination()?);
        let name = (from.ip()?.to_owned(), to.ip()?.to_owned(), to.port().unwrap_or(0));
        let time = event.when().micros()?;
        let next = u32::try_from(self.names.len()).ok()?;
        let pair = *self.known.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        });
        self.times.push((pair, time));
        Some(())
    }

    fn write(mut self, out: impl Write) -> Result<(), ScoreError> {
        self.times.sort_unstable();
        let mut calls = vec![0_u64; self.names.len()];
        let mut rhythms = vec![Periodicity::default(); self.names.len()];
        for (pair, time) in self.times {
            let at = usize::try_from(pair).unwrap_or(usize::MAX);
            if let (Some(calls), Some(rhythm)) = (calls.get_mut(at), rhythms.get_mut(at)) {
                *calls += 1;
                rhythm.learn(homeostat_core::Timestamp::from_micros(time), RESOLUTION);
            }
        }
        let named = self.names.iter().zip(&rhythms);
        let pairs: Vec<Pair<'_>> = named
            .map(|((source, destination, port), rhythm)| Pair {
                source,
                destination,
                port: *port,
                rhythm: *rhythm,
            })
            .collect();
        let columns = ["src", "dst", "port", "connections", "period", "jitter"];
        let mut scored = Scored::new(out, columns)?;
        for beacon in rank_beacons(&pairs) {
            let Some((pair, calls)) = pairs.get(beacon.index()).zip(calls.get(beacon.index())) else {
                continue;
            };
            let period = pair.rhythm.period().map(|period| format!("{:.3}", period.as_secs_f64()));
            let jitter = pair.rhythm.jitter().map(|jitter| format!("{jitter:.3}"));
            let (port, calls) = (pair.port.to_string(), calls.to_string());
            let (period, jitter) = (period.unwrap_or_default(), jitter.unwrap_or_default());
            let row = [pair.source, pair.destination, &port, &calls, &period, &jitter];
            scored.row(row, beacon.bits())?;
        }
        scored.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two logs, as text and as JSON, hours apart and out of order: forty visitors of a site, one with a beat.
    fn logs(folder: &std::path::Path) -> Vec<PathBuf> {
        let [text, json] = ["conn.log", "conn.json.log"].map(|name| folder.join(name));
        let mut file = std::fs::File::create(&text).unwrap();
        let types = "time\tstring\taddr\tport\taddr\tport\tenum\tstring";
        let fields = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state";
        writeln!(file, "#separator \\x09\n#path\tconn\n#fields\t{fields}\n#types\t{types}").unwrap();
        for visit in (0..800).rev() {
            let (host, pause) = (visit % 40, visit * visit % 1_009);
            let time = 1_700_000_000 + visit * 90 + pause;
            writeln!(file, "{time}.5\tC{visit}\t10.0.0.{host}\t5\t192.0.2.1\t443\ttcp\tSF").unwrap();
        }
        let mut file = std::fs::File::create(&json).unwrap();
        for beat in 0..100 {
            let time = 1_700_000_000 + beat * 600 + beat * 37 % 60;
            let ends = r#""id.orig_h":"10.0.0.7","id.orig_p":6,"id.resp_h":"203.0.113.5","id.resp_p":443"#;
            let rest = r#""uid":"D","proto":"tcp","conn_state":"SF""#;
            writeln!(file, r#"{{"_path":"conn","ts":{time}.25,{ends},{rest}}}"#).unwrap();
        }
        vec![text, json]
    }

    #[test]
    fn the_beacon_of_two_logs_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        beacons(&logs(folder.path()), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let mut lines = text.lines();
        let header = "src,dst,port,connections,period,jitter,bits,p_value,anomaly_score";
        assert_eq!(lines.next(), Some(header));
        let first: Vec<&str> = lines.next().unwrap().split(',').collect();
        assert_eq!(first[..4], ["10.0.0.7", "203.0.113.5", "443", "100"]);
        assert!((first[4].parse::<f64>().unwrap() - 600.0).abs() < 5.0);
        assert_eq!(lines.count(), 40);
    }
}
