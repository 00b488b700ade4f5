//! Reports of leaked API keys.

use actix_web::{HttpResponse, post, web::Data};
use serde::Serialize;
use serde_json::Value;
use tessera_apikeys::{
    ApiKeys,
    leaks::{LeakSource, LeakUrl, LeakedKeys, ReportLeakedKeys},
};
use tessera_kernel::{NodeLimits, Secret, limit};
use utoipa::ToSchema;

use crate::{
    extract::{Anonymous, Body, FieldResult, ValueError, list, request, text, values},
    openapi::schema,
    problem::Problem,
    v1::network_limit::admit_network,
};

values! {
    LeakedKeys: leaked_keys, schema::leaked_keys();
    LeakSource: text, schema::line(LeakSource::MAX_LENGTH, "Example secret scanner");
    LeakUrl: text, schema::leak_url();
}

fn leaked_keys(value: &Value) -> FieldResult<LeakedKeys> {
    let texts = list(LeakedKeys::MAX, |entry| text(entry).map(Secret::<String>::new))(value)?;
    texts.try_into().map_err(|error| ValueError::of(&error).into())
}

request! {
    /// Keys that were found where they must not be.
    struct ReportLeakedKeysRequest {
        /// The found texts, 1 to 100. They may be any texts: those that are not keys are ignored. White space around a
        /// text is ignored.
        keys: LeakedKeys,
        /// Who or what found them. 1 to 100 characters.
        source: Option<LeakSource>,
        /// Where they were found: an absolute `http` or `https` URL in ASCII, without user info.
        url: Option<LeakUrl>,
    }
}

/// The response to every report. It has no members.
#[derive(Serialize, ToSchema)]
#[schema(as = LeakReport, example = json!({}))]
struct LeakReportView {}

/// Report leaked API keys
///
/// For everyone who finds keys of this service, such as a secret scanner. Each key that is not revoked or expired is
/// revoked: it is invalid from the response on, on other nodes within a second. The owners of its organization get a mail.
/// The response is the same in every case. Repeating the request has no effect.
#[utoipa::path(tag = "api-keys", operation_id = "report_leaked_keys", request_body = ReportLeakedKeysRequest, responses(
    (status = 202, description = "The report is accepted. The response does not say which of the texts are keys",
        body = LeakReportView),
    (status = 429, description = "The limit `leak-report` of the network is reached")))]
#[post("/apikeys/leaked")]
pub(crate) async fn report_leaked_keys(
    Anonymous(origin): Anonymous,
    Body(body): Body<ReportLeakedKeysRequest>,
    api_keys: Data<ApiKeys>,
    limits: Data<dyn NodeLimits>,
) -> Result<HttpResponse, Problem> {
    admit_network(&**limits, limit::LEAK_REPORT, &origin)?;
    let ReportLeakedKeysRequest { keys, source, url } = body;
    api_keys.report_leaked_keys(ReportLeakedKeys { keys, source, url, origin }).await?;
    Ok(HttpResponse::Accepted().json(LeakReportView {}))
}
