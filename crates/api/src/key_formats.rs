//! The formats of API keys, for secret scanners.

use actix_web::{
    HttpResponse, get,
    http::header::{EntityTag, IfNoneMatch},
    web::{self, Data},
};
use serde::Serialize;
use serde_json::value::to_raw_value;
use tessera_apikeys::{
    ApiKeys,
    model::{KeyChecksum, KeyFormat, KeyKind},
};
use tessera_kernel::PermissionSet;
use time::Duration;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Type},
};

use crate::{
    cacheable,
    problem::{Code, Problem},
    v1::permissions::PermissionName,
};

/// The document changes only with the version of the service.
const MAX_AGE: Duration = Duration::HOUR;

/// The kind of a key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KeyKind)]
enum KindName {
    Application,
    Organization,
}

impl From<KeyKind> for KindName {
    fn from(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Application => Self::Application,
            KeyKind::Organization => Self::Organization,
        }
    }
}

/// How the last characters of a key follow from those before them.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyChecksum)]
struct ChecksumView {
    #[schema(schema_with = algorithm_schema)]
    algorithm: &'static str,
    /// How many characters behind the prefix the checksum covers, as ASCII.
    #[schema(minimum = 1, example = 43)]
    input_length: usize,
    /// How many characters it has. They are the last ones of the key.
    #[schema(minimum = 1, example = 6)]
    length: usize,
    #[schema(schema_with = alphabet_schema)]
    alphabet: &'static str,
}

impl From<KeyChecksum> for ChecksumView {
    fn from(KeyChecksum { algorithm, covered, length, alphabet }: KeyChecksum) -> Self {
        Self { algorithm, input_length: covered, length, alphabet }
    }
}

/// The format of the keys of one kind.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyFormat)]
struct KeyFormatView {
    /// The kind.
    kind: KindName,
    /// Whose keys these are, in one English sentence.
    #[schema(example = "An API key of an application.")]
    description: &'static str,
    #[schema(schema_with = prefix_schema)]
    prefix: &'static str,
    #[schema(schema_with = pattern_schema)]
    pattern: String,
    /// The checksum.
    checksum: ChecksumView,
    #[schema(schema_with = example_schema)]
    example: String,
    /// The permissions that keys of the kind can have, in alphabetical order. The keys of an application can also have
    /// those that the application declares.
    permissions: Vec<PermissionName>,
}

impl KeyFormatView {
    fn new(format: KeyFormat, permissions: &PermissionSet) -> Self {
        Self {
            kind: format.kind.into(),
            description: match format.kind {
                KeyKind::Application => "An API key of an application.",
                KeyKind::Organization => {
                    "An API key of an organization, which acts as one of its users or service accounts."
                }
            },
            prefix: format.kind.prefix(),
            pattern: format.pattern,
            checksum: format.checksum.into(),
            example: format.example.expose().to_owned(),
            permissions: permissions.iter().map(PermissionName::from).collect(),
        }
    }
}

/// The formats of all keys, and all permissions.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyFormats)]
struct KeyFormatsView {
    /// One format for each kind of key.
    formats: Vec<KeyFormatView>,
    /// The permission catalogue: those of all kinds of keys, in alphabetical order.
    permissions: Vec<PermissionName>,
}

/// Get the formats of API keys
///
/// For secret scanners: a text that matches the `pattern` of a format and has the right checksum is a key of an
/// installation of this service, which may be another one. Only the service that issued a key knows whether it is valid.
#[utoipa::path(tag = "api-keys", operation_id = "get_key_formats", responses(
    (status = 200, description = "The formats", body = KeyFormatsView,
        headers(("ETag" = String, description = "Changes with the formats"))),
    (status = 304, description = "The formats have not changed")))]
#[get("/.well-known/tessera-keys.json")]
pub(crate) async fn get_key_formats(
    api_keys: Data<ApiKeys>,
    seen: Option<web::Header<IfNoneMatch>>,
) -> Result<HttpResponse, Problem> {
    let kinds = KeyKind::ALL.map(|kind| (KeyFormat::of(kind), api_keys.permissions_of(kind)));
    let all: PermissionSet = kinds.iter().flat_map(|(_, permissions)| permissions.iter().cloned()).collect();
    let document = KeyFormatsView {
        formats: kinds.into_iter().map(|(format, permissions)| KeyFormatView::new(format, &permissions)).collect(),
        permissions: all.iter().map(PermissionName::from).collect(),
    };
    let text = to_raw_value(&document).map_err(|error| Problem::new(Code::Internal).caused_by(error))?;
    let tag = EntityTag::new_strong(format!("{:08x}", crc32fast::hash(text.get().as_bytes())));
    Ok(cacheable::respond(seen.as_deref(), tag, MAX_AGE, &text))
}

/// A text, with the one of application keys as its example.
fn text(description: &str, example: impl FnOnce(KeyFormat) -> String) -> ObjectBuilder {
    let example = example(KeyFormat::of(KeyKind::Application));
    ObjectBuilder::new().schema_type(Type::String).description(Some(description)).examples([example])
}

fn algorithm_schema() -> ObjectBuilder {
    text(
        "The algorithm, by its name in the catalogue of CRC algorithms. Its result is a number of 32 bits.",
        |format| format.checksum.algorithm.to_owned(),
    )
}

fn alphabet_schema() -> ObjectBuilder {
    text(
        "The digits in which that number is written, from the lowest value to the highest. The highest digit comes first, \
         and the number is filled up to `length` digits with the digit of the value 0.",
        |format| format.checksum.alphabet.to_owned(),
    )
}

fn prefix_schema() -> ObjectBuilder {
    text("What every key of the kind begins with.", |format| format.kind.prefix().to_owned())
}

fn pattern_schema() -> ObjectBuilder {
    text(
        "A regular expression for the keys, without anchors, in the syntax that all engines share. It also matches texts \
         with a wrong checksum.",
        |format| format.pattern,
    )
}

fn example_schema() -> ObjectBuilder {
    text("A text with a valid checksum, to test a scanner. It is no key of any installation.", |format| {
        format.example.expose().to_owned()
    })
}
