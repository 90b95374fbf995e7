//! Reads an edge list: `src,dst,kind,p`, one edge a line.
//!
//! The first line names the columns, in any order and case; `kind` and `p` may be left out (`edge`, 1). A value may
//! stand in double quotes. A line that is no edge is noted with its number and the others are read.

use crate::inventory::Problem;
use crate::named::{NamedEdge, NamedGraphBuilder};
use std::io::BufRead;

/// Where the columns stand.
struct Columns {
    from: usize,
    to: usize,
    kind: Option<usize>,
    probability: Option<usize>,
}

impl Columns {
    fn of(header: &[&str]) -> Option<Self> {
        let at = |names: &[&str]| {
            header.iter().position(|column| names.iter().any(|name| column.trim().eq_ignore_ascii_case(name)))
        };
        Some(Self { from: at(&["src"])?, to: at(&["dst"])?, kind: at(&["kind"]), probability: at(&["p"]) })
    }
}

impl NamedGraphBuilder {
    /// Reads the edge list `input`; what could not be read comes back.
    ///
    /// # Errors
    ///
    /// An error of reading, and of kind `InvalidData` when the first line does not name `src` and `dst`.
    pub fn edge_list(&mut self, mut input: impl BufRead) -> std::io::Result<Vec<Problem>> {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let header = line.trim_start_matches('\u{feff}').trim_end();
        let columns = Columns::of(&values(header)).ok_or_else(|| {
            std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                "the first line does not name `src` and `dst`",
            )
        })?;
        let mut problems = Vec::new();
        for record in 0_u32.. {
            line.clear();
            if input.read_line(&mut line)? == 0 {
                break;
            }
            let text = line.trim_end();
            if !text.is_empty()
                && let Err(cause) = self.record(&values(text), &columns, record)
            {
                let place = format!("line {}", u64::from(record) + 2);
                problems.push(Problem { place, cause: cause.to_owned() });
            }
        }
        Ok(problems)
    }

    fn record(&mut self, values: &[&str], columns: &Columns, record: u32) -> Result<(), &'static str> {
        let (Some(from), Some(to)) = (values.get(columns.from), values.get(columns.to)) else {
            return Err("a column is missing");
        };
        if from.is_empty() || to.is_empty() {
            return Err("a node without a name");
        }
        let probability = match columns.probability {
            None => 1.0,
            Some(at) => {
                let told = values.get(at).ok_or("a column is missing")?;
                let number: f64 = told.trim().parse().map_err(|_| "`p` is no number")?;
                if !(0.0..=1.0).contains(&number) {
                    return Err("`p` is not between 0 and 1");
                }
                number
            }
        };
        let kind = columns.kind.and_then(|at| values.get(at)).copied().unwrap_or("edge");
        self.edge(&NamedEdge { from, to, kind, probability, record });
        Ok(())
    }
}

/// The values of a line. Quotes around a value are taken off; a comma inside them belongs to it.
fn values(line: &str) -> Vec<&str> {
    let mut all = Vec::with_capacity(4);
    let mut rest = line;
    loop {
        if let Some((value, after)) = rest.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
            all.push(value);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => return all,
            }
        } else if let Some((value, next)) = rest.split_once(',') {
            all.push(value);
            rest = next;
        } else {
            all.push(rest);
            return all;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_read_and_bad_lines_told() {
        let mut builder = NamedGraphBuilder::default();
        let list = "\u{feff}Kind,SRC,dst,p\r\nAdminTo,\"a, b\",c,0.5\r\nAdminTo,c\nX,a,,1\nX,c,d,two\nX,c,d,7\n\nX,c,d,0\n";
        let problems = builder.edge_list(list.as_bytes()).unwrap();
        let told: Vec<String> =
            problems.iter().map(|problem| format!("{}: {}", problem.place, problem.cause)).collect();
        assert_eq!(
            told,
            [
                "line 3: a column is missing",
                "line 4: a node without a name",
                "line 5: `p` is no number",
                "line 6: `p` is not between 0 and 1"
            ]
        );
        let graph = builder.build();
        assert_eq!((graph.len(), graph.edges(), graph.unusable()), (3, 1, 1));
        assert!(graph.find("a, b").is_some());
        let mut builder = NamedGraphBuilder::default();
        assert!(builder.edge_list("a,b\n1,2\n".as_bytes()).is_err());
    }
}
