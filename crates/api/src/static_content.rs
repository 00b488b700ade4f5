//! Public content that does not change while the process runs. It is compressed once, and sent again only after a change.

use std::{io::Write as _, sync::OnceLock};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, Encoding, EntityTag,
        Header as _, IfNoneMatch, VARY,
    },
    web::Bytes,
};
use flate2::{Compression, write::GzEncoder};

/// Smaller content fits into one packet in any case.
const MIN_COMPRESSED: usize = 1024;

/// A response body with its media type. It must not contain secrets: an attacker who can add text to a compressed
/// response finds out the rest of it by its length (BREACH). All other responses are not compressed.
pub(crate) struct StaticContent {
    kind: &'static str,
    policy: Option<&'static str>,
    plain: Bytes,
    gzip: OnceLock<Option<Bytes>>,
    tag: OnceLock<EntityTag>,
}

impl StaticContent {
    pub(crate) fn new(kind: &'static str, plain: Bytes) -> Self {
        Self { kind, policy: None, plain, gzip: OnceLock::new(), tag: OnceLock::new() }
    }

    /// The same content with a content security policy of its own.
    pub(crate) fn with_policy(self, policy: &'static str) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// Returns the content, or 304 if the client has it. Clients ask again at each use, because an outdated script would
    /// not match a new page.
    pub(crate) fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let tag = self.tag();
        let unchanged = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
            Ok(IfNoneMatch::Any) => true,
            Err(_) => false,
        };
        let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((CACHE_CONTROL, "no-cache")).insert_header((ETAG, tag.clone()));
        response.insert_header((VARY, "Accept-Encoding"));
        if let Some(policy) = self.policy {
            response.insert_header((CONTENT_SECURITY_POLICY, policy));
        }
        if unchanged {
            return response.finish();
        }
        response.content_type(self.kind);
        match self.gzip().filter(|_| accepts_gzip(request)) {
            Some(gzip) => response.insert_header((CONTENT_ENCODING, "gzip")).body(gzip.clone()),
            None => response.body(self.plain.clone()),
        }
    }

    /// The tag is weak, because the compressed and the plain content share it.
    fn tag(&self) -> &EntityTag {
        self.tag.get_or_init(|| EntityTag::new_weak(format!("{:08x}", crc32fast::hash(&self.plain))))
    }

    /// The compressed content, unless it is too small or a picture, which is compressed already.
    fn gzip(&self) -> Option<&Bytes> {
        let compress = || {
            if self.plain.len() < MIN_COMPRESSED || self.kind == "image/png" {
                return None;
            }
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&self.plain).ok()?;
            encoder.finish().ok().map(Bytes::from)
        };
        self.gzip.get_or_init(compress).as_ref()
    }
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    let chosen = AcceptEncoding::parse(request).ok().and_then(|accepted| accepted.negotiate(supported.iter()));
    chosen == Some(Encoding::gzip())
}
