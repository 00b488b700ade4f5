//! The mail server: its greeting, TLS and the sign-in. With a recipient, a test mail.

use std::sync::Arc;

use tessera_adapters::{SmtpMailer, SmtpServer};
use tessera_kernel::{EmailAddress, MailId, Secret};
use tessera_outbox::{Mail, Mailer as _};

use crate::doctor::finding::cause_of;

use crate::doctor::{context::Context, finding::Finding};

const ADVICE: &str = "correct host, port, user, password or tls in TESSERA_SMTP_URL, or start the mail server; TESSERA_SMTP_CA_FILE names a private authority";

pub(super) async fn check(context: Arc<Context>) -> Finding {
    let server = match context.config.smtp_server() {
        Ok(Some(server)) => server,
        Ok(None) => return no_server(context.mail_to.is_some()),
        Err(error) => return Finding::fail(error.to_string(), ADVICE),
    };
    let authenticates =
        if server.has_credentials() { "accepts the user and the password" } else { "asks for no password" };
    let encrypted = match server.check().await {
        Ok(encrypted) => encrypted,
        Err(error) => return Finding::fail(cause_of(error), ADVICE),
    };
    if let Some(recipient) = &context.mail_to {
        return send(&context, server, recipient).await;
    }
    let tls = if encrypted { "with TLS" } else { "without TLS" };
    let detail = format!("the mail server responds {tls}, and {authenticates}");
    if encrypted || server.is_local() {
        Finding::ok(detail)
    } else {
        Finding::warn(
            format!("{detail}: mails, which contain sign-in links, cross the network in plain text"),
            "set TESSERA_SMTP_URL to smtps://…:465, or to smtp://…:587?tls=required",
        )
    }
}

fn no_server(asked_for_mail: bool) -> Finding {
    let detail = "there is no mail server: mails are written to files in data/mail";
    let advice = "set TESSERA_SMTP_URL, such as smtps://user:password@mail.example.com:465";
    if asked_for_mail { Finding::fail(detail, advice) } else { Finding::warn(detail, advice) }
}

async fn send(context: &Context, server: SmtpServer, recipient: &EmailAddress) -> Finding {
    let sender = match context.config.sender() {
        Ok(sender) => sender,
        Err(error) => return Finding::fail(error.to_string(), "correct TESSERA_MAIL_FROM"),
    };
    let text = format!("This is a test mail of tessera doctor for {}.", context.config.public_url);
    let mail = Mail {
        recipient: recipient.clone(),
        subject: "Test mail".to_owned(),
        html: Secret::new(format!("<p>{text}</p>")),
        text: Secret::new(text),
    };
    let mailer = SmtpMailer::new(server, sender, Arc::clone(&context.system.clock));
    match mailer.send(MailId::generate(&context.system), &mail).await {
        Ok(()) => Finding::ok(format!("the mail server has accepted a test mail to {}", recipient.as_str())),
        Err(error) => Finding::fail(
            cause_of(error),
            "correct the address, TESSERA_MAIL_FROM, or the rules of the mail server for this sender",
        ),
    }
}
