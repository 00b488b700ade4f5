//! The fields of a message as texts, valid or invalid.

/// The fields of a message. An empty text stands for a field without a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) scheme: Option<&'static str>,
    pub(crate) domain: &'static str,
    pub(crate) address: &'static str,
    pub(crate) statement: Option<&'static str>,
    pub(crate) uri: &'static str,
    pub(crate) version: &'static str,
    pub(crate) chain_id: &'static str,
    pub(crate) nonce: &'static str,
    pub(crate) issued_at: &'static str,
    pub(crate) expiration_time: Option<&'static str>,
    pub(crate) not_before: Option<&'static str>,
    pub(crate) request_id: Option<&'static str>,
    pub(crate) resources: Option<&'static [&'static str]>,
}

/// The fields of most vectors, without optional fields.
pub(crate) const BARE: Fields = Fields {
    scheme: None,
    domain: "service.org",
    address: "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    statement: None,
    uri: "https://service.org/login",
    version: "1",
    chain_id: "1",
    nonce: "32891757",
    issued_at: "2021-09-30T16:25:24.000Z",
    expiration_time: None,
    not_before: None,
    request_id: None,
    resources: None,
};

/// The same fields with a statement.
pub(crate) const STATED: Fields = Fields { statement: Some(TERMS), ..BARE };

/// Every field that a message can have. The invalid vectors change one place of it.
pub(crate) const WHOLE: Fields = Fields {
    address: "0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946",
    nonce: "12341234",
    issued_at: "2022-03-17T12:45:13.610Z",
    expiration_time: Some("2023-03-17T12:45:13.610Z"),
    not_before: Some("2022-03-17T12:45:13.610Z"),
    request_id: Some("some_id"),
    resources: Some(&["https://service.org/login"]),
    ..STATED
};

const TERMS: &str = "I accept the ServiceOrg Terms of Service: https://service.org/tos";

impl Fields {
    /// The message in the format of ERC-4361.
    pub(crate) fn text(&self) -> String {
        let scheme = self.scheme.map_or_else(String::new, |scheme| format!("{scheme}://"));
        let statement = self.statement.map_or_else(String::new, |statement| format!("{statement}\n"));
        let begin = format!(
            "{scheme}{} wants you to sign in with your Ethereum account:\n{}\n\n{statement}\n\
             URI: {}\nVersion: {}\nChain ID: {}\nNonce: {}\nIssued At: {}",
            self.domain, self.address, self.uri, self.version, self.chain_id, self.nonce, self.issued_at
        );
        let optional = [
            ("Expiration Time", self.expiration_time),
            ("Not Before", self.not_before),
            ("Request ID", self.request_id),
        ];
        let optional = optional.iter().map(|(name, value)| line(&format!("{name}: "), *value));
        let resources = self.resources.map(|resources| {
            let all: String = resources.iter().map(|resource| line("- ", Some(resource))).collect();
            format!("\nResources:{all}")
        });
        optional.fold(begin, |text, line| text + &line) + &resources.unwrap_or_default()
    }
}

fn line(prefix: &str, value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!("\n{prefix}{value}"))
}
