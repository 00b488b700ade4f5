//! The assets of the pages: files in the binary, and the logo of the operator.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web::Bytes};

use crate::{
    branding::{Branding, Logo, LogoFormat},
    static_content::StaticContent,
};

const MARK: &str = include_str!("../assets/mark.svg");

/// Path, media type and content of each file in the binary.
const FILES: [(&str, &str, &str); 5] = [
    ("/assets/pages.css", "text/css; charset=utf-8", include_str!("../assets/pages.css")),
    ("/assets/docs.css", "text/css; charset=utf-8", include_str!("../assets/docs.css")),
    ("/assets/docs.js", "text/javascript; charset=utf-8", include_str!("../assets/docs.js")),
    ("/assets/forms.js", "text/javascript; charset=utf-8", include_str!("../assets/forms.js")),
    ("/assets/sign-in.js", "text/javascript; charset=utf-8", include_str!("../assets/sign-in.js")),
];

/// The mark of Tessera, which pages show without a logo.
pub(crate) const MARK_PATH: &str = "/assets/mark.svg";

/// The logo of the operator.
pub(crate) const LOGO_PATH: &str = "/assets/logo";

/// Browsers request it for responses without a link to an icon, such as JSON.
const ICON_PATH: &str = "/favicon.ico";

/// A picture is harmless in a page. If a user opens its address, it must not run scripts with the origin of this service.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// The paths of all assets, with that of the logo even if there is none.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    FILES.into_iter().map(|(path, ..)| path).chain([MARK_PATH, LOGO_PATH, ICON_PATH])
}

/// The assets by their path.
pub(crate) struct Assets(BTreeMap<&'static str, StaticContent>);

impl Assets {
    pub(crate) fn new(branding: &Branding) -> Self {
        let files = FILES.into_iter();
        let mut all: BTreeMap<_, _> = files
            .map(|(path, kind, text)| (path, StaticContent::new(kind, Bytes::from_static(text.as_bytes()))))
            .collect();
        let mark = || picture(LogoFormat::Svg, Bytes::from_static(MARK.as_bytes()));
        all.insert(MARK_PATH, mark());
        all.insert(ICON_PATH, branding.logo.as_ref().map_or_else(mark, logo));
        all.extend(branding.logo.as_ref().map(|found| (LOGO_PATH, logo(found))));
        Self(all)
    }

    /// Returns the response with the asset of this path, if there is one.
    pub(crate) fn respond(&self, path: &str, request: &HttpRequest) -> Option<HttpResponse> {
        self.0.get(path).map(|content| content.respond(request))
    }
}

fn logo(logo: &Logo) -> StaticContent {
    picture(logo.format, logo.content.clone())
}

fn picture(format: LogoFormat, content: Bytes) -> StaticContent {
    let kind = match format {
        LogoFormat::Png => "image/png",
        LogoFormat::Svg => "image/svg+xml",
    };
    StaticContent::new(kind, content).with_policy(PICTURE_POLICY)
}
