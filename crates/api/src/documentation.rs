//! The OpenAPI document, and the files of Swagger UI that show it.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use actix_web::web::Bytes;

use crate::static_content::StaticContent;

/// The files of Swagger UI that the page loads, with their media type.
const FILES: [(&str, &str); 2] =
    [("swagger-ui.css", "text/css; charset=utf-8"), ("swagger-ui-bundle.js", "text/javascript; charset=utf-8")];

/// The document and the files of the page.
pub(crate) struct Documentation {
    document: StaticContent,
    files: BTreeMap<&'static str, StaticContent>,
}

impl Documentation {
    pub(crate) fn new(document: Bytes) -> Self {
        let files =
            FILES.into_iter().filter_map(|(name, kind)| Some((name, StaticContent::new(kind, embedded(name)?))));
        Self { document: StaticContent::new("application/json", document), files: files.collect() }
    }

    /// The OpenAPI document as it is served.
    pub(crate) fn document(&self) -> &StaticContent {
        &self.document
    }

    /// Returns a file of Swagger UI.
    pub(crate) fn file(&self, name: &str) -> Option<&StaticContent> {
        self.files.get(name)
    }
}

/// Returns a file of Swagger UI from the binary.
fn embedded(name: &str) -> Option<Bytes> {
    let file = utoipa_swagger_ui::serve(name, Arc::default()).ok()??;
    Some(match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    })
}
