//! SMTP errors, with messages for the operator.

use std::{error::Error, fmt, io, time::Duration};

use lettre::transport::smtp::{self, extension::Extension};
use rustls::CertificateError;
use tessera_outbox::{MailRefusal, MailerError};

/// The step of the SMTP conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Connection,
    Credentials,
    Sender,
    Recipient,
    Message,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "the connection",
            Self::Credentials => "the credentials",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Message => "the message",
        })
    }
}

/// Why a mail was not delivered. The messages of lettre contain their causes, so they have no source here.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliveryError {
    #[error("the mail server can't be reached")]
    Unreachable(#[source] io::Error),
    #[error("the mail server took longer than {0:?}")]
    Slow(Duration),
    #[error("the certificate of the mail server is not from an authority that is trusted here")]
    UnknownAuthority,
    #[error("the certificate of the mail server has expired")]
    Expired,
    #[error("the certificate of the mail server is for another name: {0}")]
    OtherName(CertificateError),
    #[error("the certificate of the mail server is not good: {0}")]
    Certificate(CertificateError),
    #[error("the mail server offers no TLS (STARTTLS), and nothing is sent without")]
    NoTls,
    #[error("the mail server lacks {0}, which this mail needs")]
    Unsupported(Extension),
    #[error("the mail server does not accept addresses with other letters than ASCII before the @ (SMTPUTF8)")]
    NonAsciiRecipient,
    #[error("the mail server did not take {step}: {fault}")]
    Answer { step: Step, fault: smtp::Error },
}

impl DeliveryError {
    /// Classifies a failure at a step.
    pub(super) fn at(step: Step, fault: smtp::Error) -> Self {
        match certificate_error(&fault) {
            // The signature is invalid if another authority uses the name of a trusted authority.
            Some(CertificateError::UnknownIssuer | CertificateError::BadSignature) => Self::UnknownAuthority,
            Some(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => Self::Expired,
            Some(error @ (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })) => {
                Self::OtherName(error.clone())
            }
            Some(error) => Self::Certificate(error.clone()),
            None => Self::Answer { step, fault },
        }
    }

    /// Returns why the mail can never be delivered, or `None` if a later attempt may succeed. Before the recipient is
    /// sent, a rejection is about the sender or the connection. A rejection of the recipient for a reason of security
    /// or policy (RFC 3463, x.7.x) is too: servers use it if they do not relay mail for the sender.
    fn refusal(&self) -> Option<MailRefusal> {
        const OF_A_MAIL: [u16; 6] = [550, 551, 552, 553, 554, 556];
        if matches!(self, Self::NonAsciiRecipient) {
            return Some(MailRefusal::NonAsciiAddress);
        }
        let Self::Answer { step: step @ (Step::Recipient | Step::Message), fault } = self else { return None };
        let policy = fault.source().is_some_and(|text| text.to_string().starts_with("5.7."));
        let code = fault.status().map(u16::from).filter(|code| OF_A_MAIL.contains(code));
        code.filter(|_| !(policy && *step == Step::Recipient)).map(MailRefusal::Reply)
    }
}

impl From<DeliveryError> for MailerError {
    fn from(delivery_error: DeliveryError) -> Self {
        match delivery_error.refusal() {
            Some(refusal) => Self::Refused { refusal, source: Box::new(delivery_error) },
            None => Self::Unavailable(Box::new(delivery_error)),
        }
    }
}

/// Returns the certificate error that ended the handshake, if any.
fn certificate_error(fault: &smtp::Error) -> Option<&CertificateError> {
    let mut next: Option<&(dyn Error + 'static)> = Some(fault);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(rustls::Error::InvalidCertificate(error)) = inner.and_then(|inner| inner.downcast_ref()) {
            return Some(error);
        }
        next = error.source();
    }
    None
}
