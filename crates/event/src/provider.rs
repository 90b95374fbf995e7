//! Whose identifiers the identifiers of an event are.

use crate::event::Event;
use crate::metadata::Product;
use homeostat_core::EntityKey;

/// Whose identifiers the product's are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Aws,
    Entra,
    Okta,
    Google,
    Kubernetes,
    Other,
}

impl Provider {
    /// The word that stands as a scope.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Google => "google",
            Self::Kubernetes => "kubernetes",
            Self::Other => "",
        }
    }

    /// The provider that cloud and product name.
    pub(crate) fn of(event: &Event, product: Option<&Product>) -> Self {
        const WORDS: [(Provider, &[&str]); 5] = [
            (Provider::Okta, &["okta"]),
            (Provider::Kubernetes, &["kubernetes", "eks", "gke"]),
            (Provider::Aws, &["aws", "amazon"]),
            (Provider::Entra, &["entra", "azure", "microsoft", "365"]),
            (Provider::Google, &["google", "gcp"]),
        ];
        let told = [
            event.cloud().and_then(|cloud| cloud.provider()),
            product.and_then(Product::name),
            product.and_then(Product::vendor_name),
        ];
        let told = told.into_iter().flatten().collect::<Vec<_>>().join(" ").to_lowercase();
        // What an operating system logs names its own users, whoever sells it.
        if ["windows", "sysmon", "powershell", "linux"].iter().any(|word| told.contains(word)) {
            return Self::Other;
        }
        let found = WORDS.iter().find(|(_, words)| words.iter().any(|word| told.contains(word)));
        found.map_or(Self::Other, |(provider, _)| *provider)
    }
}

/// The product's name in one lower-case word.
pub(crate) fn source_name(product: Option<&Product>) -> String {
    let name = product.and_then(|product| product.name().or(product.uid()).or(product.vendor_name()));
    name.map_or_else(|| EntityKey::UNSCOPED.to_owned(), |name| name.to_lowercase().replace(' ', "_"))
}
