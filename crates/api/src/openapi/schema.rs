//! Schemas of domain values. They describe what the parsers accept, as far as JSON Schema can express it.

use tessera_apikeys::{
    leaks::{LeakUrl, LeakedKeys},
    model::{AllowedAddresses, KeyLifetime},
};
use tessera_apps::model::{RedirectUri, RedirectUris};
use tessera_identity::model::{AvatarUrl, Password};
use tessera_inventory::model::Quantity;
use tessera_kernel::{Chain, DataDocument, EmailAddress, WalletAddress, WalletSignature};
use tessera_orgs::model::Slug;
use tessera_sso::model::Audience;
use utoipa::openapi::{
    KnownFormat, ObjectBuilder, SchemaFormat, Type,
    schema::{AdditionalProperties, ArrayBuilder},
};

/// Any text without U+0000.
const ANY: &str = r"^[^\u0000]*$";

/// The characters that `is_deceptive` in the kernel rejects.
macro_rules! deceptive {
    () => {
        r"\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF"
    };
}

/// The other characters of the Basic Multilingual Plane that `is_ignorable` in the kernel covers.
macro_rules! ignorable {
    () => {
        r"\u00AD\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200D\u2060-\u2065\u206A-\u206F\u3164\uFE00-\uFE0F\uFFA0\uFFF0-\uFFF8"
    };
}

/// Other invisible characters of the Basic Multilingual Plane. Combining marks are left out, because only a Unicode
/// class covers all of them.
macro_rules! hidden {
    () => {
        concat!(ignorable!(), r"\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u2800\uFFF9-\uFFFB")
    };
}

/// One line with at least one visible character and without deceptive characters.
const LINE: &str = concat!(
    r"^[^\u0000-\u001F",
    deceptive!(),
    r"]*[^\s\u0000-\u001F",
    deceptive!(),
    hidden!(),
    r"][^\u0000-\u001F",
    deceptive!(),
    r"]*$"
);

/// Like `LINE`, without ignorable characters.
const IDENTIFIER: &str = concat!(
    r"^[^\u0000-\u001F",
    deceptive!(),
    ignorable!(),
    r"]*[^\s\u0000-\u001F",
    deceptive!(),
    hidden!(),
    r"][^\u0000-\u001F",
    deceptive!(),
    ignorable!(),
    r"]*$"
);

/// Like `LINE`, with line breaks allowed.
const LINES: &str = concat!(
    r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F",
    deceptive!(),
    r"]*[^\s\u0000-\u001F",
    deceptive!(),
    hidden!(),
    r"][^\u0000-\u0008\u000B\u000C\u000E-\u001F",
    deceptive!(),
    r"]*$"
);

/// Text without a colon and without deceptive characters, or a URI.
const STRING_OR_URI: &str =
    concat!(r"^([^:\u0000-\u001F", deceptive!(), r"]+|[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+)$");

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

pub(crate) fn any_text() -> ObjectBuilder {
    string().pattern(Some(ANY))
}

pub(crate) fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).examples([true])
}

/// One line of text with at most `max` characters.
pub(crate) fn line(max: usize, example: &str) -> ObjectBuilder {
    string().min_length(Some(1)).max_length(Some(max)).pattern(Some(LINE)).examples([example])
}

/// One line of text that identifies an object, with at most `max` characters.
pub(crate) fn identifier(max: usize, example: &str) -> ObjectBuilder {
    line(max, example).pattern(Some(IDENTIFIER))
}

/// Text of several lines with at most `max` characters.
pub(crate) fn lines(max: usize, example: &str) -> ObjectBuilder {
    string().min_length(Some(1)).max_length(Some(max)).pattern(Some(LINES)).examples([example])
}

/// The email address of all examples that concern one user.
pub(crate) const EMAIL: &str = "ada@example.com";

/// A refresh token in examples.
pub(crate) const REFRESH_TOKEN: &str = "rt_7Gm2QxTz0bNcVw9LrPdKsHf4YjXeUa6RtOiM1EqZ8yB22ztIe";

/// The password of that user.
const PASSWORD: &str = "violet-harbour-93-lantern";

pub(crate) fn email() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Email);
    string().format(Some(format)).max_length(Some(EmailAddress::MAX_BYTES)).examples([EMAIL])
}

/// A new password, which must meet the length limits.
pub(crate) fn password() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Password);
    let bounded = any_text().min_length(Some(Password::MIN_LENGTH)).max_length(Some(Password::MAX_LENGTH));
    let text = format!(
        "The new password: {} to {} characters (code points after NFC), and not easy to guess. The operator may have \
         configured a higher minimum.",
        Password::MIN_LENGTH,
        Password::MAX_LENGTH
    );
    bounded.format(Some(format)).description(Some(text)).examples([PASSWORD])
}

/// A password to check against an existing account.
pub(crate) fn password_attempt() -> ObjectBuilder {
    any_text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Password))).examples([PASSWORD])
}

/// The wallet of all examples, an address of EIP-55.
const EVM_ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// The address of a wallet on any chain.
pub(crate) fn wallet_address() -> ObjectBuilder {
    let form = "^(0x[0-9A-Fa-f]{40}|[1-9A-HJ-NP-Za-km-z]{32,44})$";
    let address = string().max_length(Some(WalletAddress::MAX_LENGTH)).pattern(Some(form));
    address.examples([EVM_ADDRESS]).description(Some(
        "The address of the wallet. Ethereum: 0x and 40 hexadecimal digits, in one case or with their checksum \
         (EIP-55). Solana: 32 bytes in base58.",
    ))
}

/// The address of a wallet on an EVM chain.
pub(crate) fn evm_address() -> ObjectBuilder {
    let address = string().pattern(Some("^0x[0-9A-Fa-f]{40}$")).max_length(Some(42));
    address.examples([EVM_ADDRESS]).description(Some(
        "The address of the wallet: 0x and 40 hexadecimal digits, in one case or with their checksum (EIP-55).",
    ))
}

/// The message that this wallet signs in all examples (ERC-4361).
pub(crate) const MESSAGE: &str = "accounts.example.com wants you to sign in with your Ethereum account:\n\
     0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n\nSign in with this wallet.\n\nURI: https://accounts.example.com\n\
     Version: 1\nChain ID: 1\nNonce: 5mzTrGqJ8wYbNc2LxP7VdK\nIssued At: 2026-12-01T09:30:00Z\n\
     Expiration Time: 2026-12-01T09:35:00Z";

fn chain() -> ObjectBuilder {
    let names = Chain::NAMED.iter().filter_map(|chain| chain.name()).collect::<Vec<_>>().join("|");
    string().pattern(Some(format!("^({names}|eip155:[1-9][0-9]{{0,15}})$"))).examples(["ethereum"])
}

/// The chain of a wallet in a response.
pub(crate) fn linked_chain_type() -> ObjectBuilder {
    chain().description(Some(
        "The chain with which the wallet was linked. The operator may have removed it from `TESSERA_EVM_CHAINS` since \
         then. An Ethereum address is the same wallet on all EVM chains.",
    ))
}

/// The chain of a wallet in a request.
pub(crate) fn chain_type() -> ObjectBuilder {
    chain().description(Some(
        "The chain of the wallet: `ethereum`, `polygon`, `arbitrum`, `optimism`, `base`, `solana`, or \
         `eip155:<chain id>` for every further chain that the operator has listed in `TESSERA_EVM_CHAINS`. An Ethereum \
         address is the same wallet on all EVM chains.",
    ))
}

/// The id of an SSO session.
pub(crate) fn sso_session_id() -> ObjectBuilder {
    let text = "The id of the sign-in, from the query of the sign-in page.";
    string().pattern(Some("^[0-9a-f]{32}$")).description(Some(text)).examples(["9f86d081884c7d659a2feaa0c55ad015"])
}

/// A chain id (EIP-155).
pub(crate) fn evm_chain_id() -> ObjectBuilder {
    let id = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(Chain::MAX_ID));
    id.examples([1]).description(Some(
        "The chain id (EIP-155): 1 (Ethereum), 137 (Polygon), 42161 (Arbitrum), 10 (Optimism), 8453 (Base), or another \
         that the operator has listed in `TESSERA_EVM_CHAINS`.",
    ))
}

/// A code verifier (RFC 7636).
pub(crate) fn code_verifier() -> ObjectBuilder {
    let verifier = string().min_length(Some(43)).max_length(Some(128)).pattern(Some("^[A-Za-z0-9._~-]*$"));
    // The verifier of RFC 7636, appendix B.
    verifier.examples(["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"])
}

/// The signature of a wallet on any chain.
pub(crate) fn wallet_signature() -> ObjectBuilder {
    let form = "^(0x([0-9A-Fa-f]{2})*|[1-9A-HJ-NP-Za-km-z]{64,88})$";
    let signature = string().max_length(Some(2 + 2 * WalletSignature::MAX_BYTES)).pattern(Some(form));
    let text = "The signature of the challenge. Ethereum: 0x and hexadecimal digits; 65 bytes of a key, any number of a \
                contract, none for a message that the contract has approved on its chain. Solana: 64 bytes in base58.";
    signature.description(Some(text)).examples([signature_example()])
}

/// The signature of a wallet on an EVM chain.
pub(crate) fn evm_signature() -> ObjectBuilder {
    let signature = string().max_length(Some(2 + 2 * WalletSignature::MAX_BYTES));
    let text = "The signature of the challenge: 0x and hexadecimal digits; 65 bytes of a key, any number of a \
                contract, none for a message that the contract has approved on its chain.";
    signature.pattern(Some("^0x([0-9A-Fa-f]{2})*$")).description(Some(text)).examples([signature_example()])
}

fn signature_example() -> String {
    format!("0x{}1b", "5f".repeat(64))
}

pub(crate) fn slug() -> ObjectBuilder {
    let slug = string().min_length(Some(1)).max_length(Some(Slug::MAX_LENGTH));
    slug.pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$")).examples(["blue-heron-games"])
}

/// An id in a request. Responses have it in lower case.
pub(crate) fn id() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Uuid);
    string().format(Some(format)).pattern(Some("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"))
}

pub(crate) fn avatar_url() -> ObjectBuilder {
    let format = SchemaFormat::Custom("uri".to_owned());
    string()
        .format(Some(format))
        .max_length(Some(AvatarUrl::MAX_LENGTH))
        .description(Some(
            "The URL of a picture of the user. Absolute and in ASCII: https, or http on a loopback literal. Without user \
             info.",
        ))
        .examples(["https://cdn.example.com/avatars/ada.png"])
}

/// Where leaked keys were found.
pub(crate) fn leak_url() -> ObjectBuilder {
    let format = SchemaFormat::Custom("uri".to_owned());
    string()
        .format(Some(format))
        .max_length(Some(LeakUrl::MAX_LENGTH))
        .pattern(Some("^[Hh][Tt][Tt][Pp][Ss]?:"))
        .examples(["https://example.com/team/game/blob/main/settings.py#L12"])
}

/// The texts of a report of leaked keys.
pub(crate) fn leaked_keys() -> ArrayBuilder {
    let text = any_text().description(Some("A found text."));
    let items = ArrayBuilder::new().items(text).min_items(Some(1)).max_items(Some(LeakedKeys::MAX));
    items.examples([vec!["ask_4fWzTqXn2LkPv7RbYc9MhGd3JsAe5UwKo8ZiBx1NrQt6Vy000"]])
}

/// The id of a user, or `me` for the caller.
pub(crate) fn id_or_me() -> ObjectBuilder {
    string().pattern(Some("^(me|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$"))
}

/// The audience of a service token.
pub(crate) fn audience() -> ObjectBuilder {
    let named = string().min_length(Some(1)).max_length(Some(Audience::MAX_LENGTH)).pattern(Some(STRING_OR_URI));
    let named = named.description(Some("Any text, or a URI if it contains a colon (StringOrURI of RFC 7519)"));
    named.examples(["https://games.example.com", "nft-service"])
}

/// Only `null`, for a field that excludes another one.
pub(crate) fn null() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Null).description(Some("Absent or `null` in this form of the body."))
}

pub(crate) fn redirect_uris() -> ArrayBuilder {
    let format = SchemaFormat::Custom("uri".to_owned());
    let uri = string().format(Some(format)).max_length(Some(RedirectUri::MAX_BYTES)).description(Some(
        "Absolute and in ASCII: https, http on 127.0.0.1, [::1] or localhost (a sign-in may then use any port), or a \
         private-use scheme in reverse-domain form as com.example.game:/callback. Without user info, fragment or \
         wildcard, and without a parameter named code, state, iss or error",
    ));
    ArrayBuilder::new().items(uri).max_items(Some(RedirectUris::MAX)).examples([vec![REDIRECT_URI]])
}

/// The redirect URI of all examples.
pub(crate) const REDIRECT_URI: &str = "https://tide-pools.example.com/callback";

pub(crate) fn quantity() -> ObjectBuilder {
    integer(KnownFormat::Int64).minimum(Some(0)).maximum(Some(Quantity::MAX)).examples([3])
}

/// The lifetime of an API key in days.
pub(crate) fn key_lifetime() -> ObjectBuilder {
    integer(KnownFormat::Int32).minimum(Some(0)).maximum(Some(KeyLifetime::MAX_DAYS)).examples([90])
}

/// A whole number in a range.
pub(crate) fn number(least: u32, most: u32, example: u32) -> ObjectBuilder {
    integer(KnownFormat::Int64).minimum(Some(least)).maximum(Some(most)).examples([example])
}

/// An IP address.
pub(crate) fn ip_address() -> ObjectBuilder {
    string().min_length(Some(2)).max_length(Some(45)).pattern(Some("^[0-9A-Fa-f:.]+$")).examples(["203.0.113.7"])
}

/// IP addresses and networks.
pub(crate) fn networks() -> ArrayBuilder {
    let network = string()
        .max_length(Some(49))
        .pattern(Some("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"))
        .description(Some("An IPv4 or IPv6 address, or a network in CIDR notation by its first address"));
    ArrayBuilder::new()
        .items(network)
        .max_items(Some(AllowedAddresses::MAX))
        .examples([vec!["203.0.113.0/24", "2001:db8::/32"]])
}

fn integer(format: KnownFormat) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(SchemaFormat::KnownFormat(format)))
}

/// A code for programs: one of these.
pub(crate) fn code(codes: impl IntoIterator<Item = &'static str>, about: &str, example: &str) -> ObjectBuilder {
    string().description(Some(about)).enum_values(Some(codes)).examples([example])
}

/// An object with any members. Generators create an empty type without `additionalProperties`.
pub(crate) fn object() -> ObjectBuilder {
    let any = AdditionalProperties::FreeForm(true);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(any))
        .max_properties(Some(DataDocument::MAX_MEMBERS))
}
