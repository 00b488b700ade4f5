//! The outbox: messages that are written in the transaction of a change and delivered after its commit.
#![warn(missing_docs)]

mod mail;
mod notice;
mod notice_topic;

pub use mail::{
    Mail, MailQueue, MailRefusal, MailRefusalError, MailSeal, Mailer, MailerError, Outbox, RefusedMail, SealedMail,
    TakenMail, back_off,
};
pub use notice::{NoticeContext, Notices};
pub use notice_topic::NoticeTopic;
