//! What the HTTP edge counts. It knows no exposition format: the binary reads the values at each scrape.

mod requests;
mod series;
mod verifications;

pub use requests::RequestMetrics;
pub(crate) use requests::label_of;
pub use series::RequestSeries;
pub use verifications::VerificationMetrics;

/// All counters of this crate.
#[derive(Debug, Default)]
pub struct ApiMetrics {
    /// Requests to the API and the pages.
    pub requests: RequestMetrics,
    /// Results of key verifications.
    pub verifications: VerificationMetrics,
}
