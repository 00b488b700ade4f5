//! What every page shows of the installation.

use tessera_sso::model::destination;

use crate::{assets, branding::Branding, public_url::PublicUrl};

/// The part of a page that is the same on all pages.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The path of the public URL, with which all addresses on a page begin.
    pub(crate) base: &'a str,
    /// The name of the product.
    pub(crate) product: &'a str,
    /// The host and port of the public URL.
    pub(crate) host: &'a str,
    /// Where a user who is done continues, if the operator has set an address.
    pub(crate) home: Option<&'a str>,
    has_logo: bool,
}

impl<'a> Frame<'a> {
    pub(crate) fn of(url: &'a PublicUrl, branding: &'a Branding) -> Self {
        Self {
            base: url.path(),
            product: branding.product.as_str(),
            host: destination(url.origin()),
            home: branding.home_url.as_deref(),
            has_logo: branding.logo.is_some(),
        }
    }

    /// The path of the picture in the head of the page, without the path of the public URL.
    pub(crate) const fn picture(&self) -> &'static str {
        if self.has_logo { assets::LOGO_PATH } else { assets::MARK_PATH }
    }

    /// Whether the picture is a logo, which replaces the name.
    pub(crate) const fn has_logo(&self) -> bool {
        self.has_logo
    }
}
