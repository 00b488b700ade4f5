//! Values of requests about API keys.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;
use tessera_apikeys::model::{
    AllowedAddresses, KeyLimit, KeyLimits, KeyLimitsError, LimitName, OverlapSeconds, Refill, RefillInterval, UseCost,
    UseCount,
};
use tessera_kernel::Cidr;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Ref, schema::ArrayBuilder},
};

use crate::{
    extract::{FieldResult, Members, ValueError, integer, list, text, values},
    openapi::schema,
    problem::FieldErrorCode,
};

/// A limit of the requests in each window. Windows follow each other without a gap, and one begins at the Unix epoch.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyLimit, example = json!({"name": "per-minute", "requests": 600, "window_seconds": 60}))]
pub(crate) struct KeyLimitView {
    #[schema(schema_with = limit_name)]
    name: String,
    /// The requests in each window. A verification can cost more than one, or none.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 600)]
    requests: u32,
    /// The length of a window in seconds, up to 30 days.
    #[schema(minimum = 1, maximum = 2_592_000, example = 60)]
    window_seconds: u32,
}

pub(crate) fn limit_name() -> ObjectBuilder {
    let about = "The name, 1 to 32 characters in one line. It is different from those of the other limits of the key.";
    schema::identifier(LimitName::MAX_LENGTH, "per-minute").description(Some(about))
}

impl From<&KeyLimit> for KeyLimitView {
    fn from(limit: &KeyLimit) -> Self {
        let KeyLimit { name, requests, window } = limit;
        Self { name: name.to_string(), requests: requests.get(), window_seconds: window.get() }
    }
}

/// When the remaining uses are set again. Days and months begin at midnight UTC.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefillInterval, example = "month")]
pub(crate) enum IntervalName {
    Day,
    Month,
}

/// A refill of the remaining uses at the start of each day or month. Uses that were left are not added.
#[derive(Serialize, ToSchema)]
#[schema(as = Refill, example = json!({"amount": 10000, "interval": "month"}))]
pub(crate) struct RefillView {
    /// The remaining uses after a refill.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 10_000)]
    amount: u32,
    /// When it happens.
    interval: IntervalName,
}

impl From<Refill> for RefillView {
    fn from(Refill { amount, interval }: Refill) -> Self {
        let interval = match interval {
            RefillInterval::Day => IntervalName::Day,
            RefillInterval::Month => IntervalName::Month,
        };
        Self { amount: amount.get(), interval }
    }
}

values! {
    KeyLimits: limits, ArrayBuilder::new()
        .items(Ref::from_schema_name(KeyLimitView::name()))
        .max_items(Some(KeyLimits::MAX));
    AllowedAddresses: networks, schema::networks();
    UseCount: integer, schema::number(0, UseCount::MAX, 10_000);
    UseCost: integer, schema::number(0, UseCost::MAX, 1);
    OverlapSeconds: integer, schema::number(0, OverlapSeconds::MAX, 3_600);
    Refill: refill, Ref::from_schema_name(RefillView::name());
    IpAddr: address, schema::ip_address();
}

fn limits(value: &Value) -> FieldResult<KeyLimits> {
    limits_of(value, "window_seconds")
}

/// Reads limits whose length of the window has that name.
pub(crate) fn limits_of(value: &Value, window: &'static str) -> FieldResult<KeyLimits> {
    let limits = list(KeyLimits::MAX, |value: &Value| limit(value, window))(value)?;
    limits.try_into().map_err(|error| {
        let reason = |inside: String| ValueError { inside, ..ValueError::of(&error) };
        match &error {
            KeyLimitsError::Duplicates(positions) => {
                positions.iter().map(|position| reason(format!("/{position}/name"))).collect()
            }
            KeyLimitsError::TooMany => vec![reason(String::new())],
        }
    })
}

fn limit(value: &Value, window: &str) -> FieldResult<KeyLimit> {
    let mut members = Members::of(value)?;
    let name: Option<LimitName> = members.required("name", text);
    let requests = members.required("requests", integer);
    let window = members.required(window, integer);
    let limit = name.zip(requests.zip(window));
    members.finish(limit.map(|(name, (requests, window))| KeyLimit { name, requests, window }))
}

fn refill(value: &Value) -> FieldResult<Refill> {
    let mut members = Members::of(value)?;
    let amount = members.required("amount", integer);
    let interval = members.required("interval", text);
    members.finish(amount.zip(interval).map(|(amount, interval)| Refill { amount, interval }))
}

fn networks(value: &Value) -> FieldResult<AllowedAddresses> {
    let networks = list(AllowedAddresses::MAX, text::<Cidr>)(value)?;
    networks.try_into().map_err(|error| ValueError::of(&error).into())
}

fn address(value: &Value) -> FieldResult<IpAddr> {
    let invalid = |code, detail| Err(ValueError::new(code, detail).into());
    let Some(text) = value.as_str() else { return invalid(FieldErrorCode::InvalidType, "must be a string") };
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_canonical()),
        Err(_) => invalid(FieldErrorCode::InvalidFormat, "must be an IPv4 or IPv6 address without a port"),
    }
}
