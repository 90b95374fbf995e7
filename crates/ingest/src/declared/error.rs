//! Why a document is no mapping: where, and what is wrong.

/// Why a document is no mapping. It shows names and values of the document, never of a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeclaredError {
    /// The text is not JSON, or not of the document's shape.
    #[error("line {line}, column {column}: {cause}")]
    Shape {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 before the first.
        column: usize,
        /// What is wrong there.
        cause: Box<str>,
    },
    /// The shape is right, and a value in it is not.
    #[error("`{path}`: {cause}")]
    Value {
        /// Where, such as `rules[3].class`.
        path: Box<str>,
        /// What is wrong there.
        cause: Box<str>,
    },
}

impl DeclaredError {
    pub(super) fn shape(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let cause = text.rsplit_once(" at line ").map_or(&*text, |(cause, _)| cause).into();
        Self::Shape { line: error.line(), column: error.column(), cause }
    }

    pub(super) fn value(path: impl Into<Box<str>>, cause: impl Into<Box<str>>) -> Self {
        Self::Value { path: path.into(), cause: cause.into() }
    }
}
