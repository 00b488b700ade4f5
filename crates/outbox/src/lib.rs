//! The outbox: messages that are written in the transaction of a change and delivered after its commit.
#![warn(missing_docs)]

mod back_off;
mod dispatcher;
mod kind;
mod mail;
mod notice;
mod notice_topic;
mod ports;

pub use back_off::back_off;
pub use dispatcher::{Attempt, DeliveryOutcome, Dispatcher};
pub use kind::MessageKind;
pub use mail::{Envelope, Mail, MailRefusal, MailRefusalError, RefusedMail, SealedMail, TakenMail, WaitingMails};
pub use notice::{NoticeContext, Notices};
pub use notice_topic::{Notice, NoticeTopic};
pub use ports::{MailQueue, MailSeal, Mailer, MailerError, Outbox};
