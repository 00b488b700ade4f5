//! Requests and key verifications.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet},
};
use tessera_api::{ApiMetrics, RequestSeries};

use super::text::{counters, gauge, histograms};

#[derive(Debug)]
pub(super) struct RequestCollector(pub(super) Arc<ApiMetrics>);

impl Collector for RequestCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let ApiMetrics { requests, verifications } = &*self.0;
        let durations = requests.series().map(|series| (labels(&series), series.durations));
        let help = "The time from the head of a request to the head of its response.";
        histograms(&mut encoder, "http_server_request_duration", help, durations)?;
        let help = "Requests in progress.";
        gauge(&mut encoder, "http_server_active_requests", help, None, requests.active())?;
        let codes = verifications.counts().map(|(code, count)| ([("code", code)], count));
        counters(&mut encoder, "tessera_key_verifications", "Verifications of API keys for other services.", codes)
    }
}

fn labels<'a>(series: &RequestSeries<'a>) -> impl EncodeLabelSet + use<'a> {
    let request = [("http_request_method", series.method), ("http_route", series.route)];
    (request, [("http_response_status_code", series.status)])
}
