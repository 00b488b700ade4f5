//! Mail templates, encryption of queued mails, and delivery.

mod file;
mod letters;
mod message;
mod seal;
mod smtp;

pub use file::FileMailer;
pub use letters::AskamaMails;
pub use message::{Sender, SenderError};
pub use seal::SealedOutbox;
pub use smtp::{Authorities, AuthoritiesError, SmtpMailer, SmtpServer, SmtpUrlError};
