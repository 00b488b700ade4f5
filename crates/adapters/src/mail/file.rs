//! Mail delivery to files, for installations without a mail server.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use tessera_kernel::{Clock, MailId, TRACE_TARGET};
use tessera_outbox::{Mail, Mailer, MailerError};

use super::Sender;

/// Writes each mail into a directory, as `<id>.eml`, readable for its owner only.
pub struct FileMailer {
    directory: PathBuf,
    sender: Sender,
    clock: Arc<dyn Clock>,
    links_in_log: bool,
}

impl FileMailer {
    /// Creates a mailer that writes into the directory. The first mail creates the directory.
    #[must_use]
    pub fn new(directory: PathBuf, sender: Sender, clock: Arc<dyn Clock>) -> Self {
        Self { directory, sender, clock, links_in_log: false }
    }

    /// Logs the link of each mail too. The link contains a one-time token, so the log must be for a developer only.
    #[must_use]
    pub fn with_links_in_log(mut self, links_in_log: bool) -> Self {
        self.links_in_log = links_in_log;
        self
    }
}

#[async_trait]
impl Mailer for FileMailer {
    #[tracing::instrument(name = "mail", target = TRACE_TARGET, skip_all, fields(otel.kind = "client"))]
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailerError> {
        let message = self.sender.readable_message(id, mail, self.clock.now())?.formatted();
        let directory = self.directory.clone();
        let written = tokio::task::spawn_blocking(move || write(&directory, id, &message)).await;
        let unavailable = |fault: io::Error| MailerError::Unavailable(Box::new(fault));
        let file = written.map_err(|fault| MailerError::Unavailable(Box::new(fault)))?.map_err(unavailable)?;
        let (file, recipient) = (file.display(), &mail.recipient);
        let link = if self.links_in_log { link(mail) } else { None };
        tracing::info!(%recipient, %file, link, "mail written to a file");
        Ok(())
    }
}

/// The link of a mail.
fn link(mail: &Mail) -> Option<&str> {
    let html = mail.html.expose();
    let mut words = mail.text.expose().split_whitespace();
    words.find(|word| word.starts_with("http") && html.contains(&format!("href=\"{word}\"")))
}

/// Writes to a temporary name first, so that a reader of the directory never sees a partial mail.
fn write(directory: &Path, id: MailId, message: &[u8]) -> io::Result<PathBuf> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    builder.create(directory)?;
    let draft = directory.join(format!(".{id}.tmp"));
    let mut file = options.open(&draft)?;
    file.write_all(message)?;
    file.sync_all()?;
    let path = directory.join(format!("{id}.eml"));
    fs::rename(draft, &path)?;
    Ok(path)
}
