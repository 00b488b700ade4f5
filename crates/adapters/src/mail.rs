//! Mail templates, encryption of queued mails, and delivery.

mod file;
mod message;
mod seal;
mod smtp;
mod templates;

pub use file::FileMailer;
pub use message::{Sender, SenderError};
pub use seal::SealedOutbox;
pub use smtp::{SmtpMailer, SmtpServer, SmtpUrlError};
pub use templates::AskamaMails;
