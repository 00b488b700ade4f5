//! Mails as files, for those who have no mail server at hand.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use tessera_kernel::{Clock, Mail, MailId, Mailer, MailerError};

use super::Sender;

/// Writes each mail into a directory, as `<id>.eml`, readable for its owner only.
pub struct FileMailer {
    directory: PathBuf,
    sender: Sender,
    clock: Arc<dyn Clock>,
}

impl FileMailer {
    /// One that writes into that directory, which is made with the first mail.
    #[must_use]
    pub fn new(directory: PathBuf, sender: Sender, clock: Arc<dyn Clock>) -> Self {
        Self { directory, sender, clock }
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailerError> {
        let message = self.sender.message(id, mail, self.clock.now())?.formatted();
        let directory = self.directory.clone();
        let written = tokio::task::spawn_blocking(move || write(&directory, id, &message)).await;
        let unavailable = |fault: io::Error| MailerError::Unavailable(Box::new(fault));
        written.map_err(|fault| MailerError::Unavailable(Box::new(fault)))?.map_err(unavailable)
    }
}

/// Under another name first: whoever looks into the directory never sees half a mail.
fn write(directory: &Path, id: MailId, message: &[u8]) -> io::Result<()> {
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
    fs::rename(draft, directory.join(format!("{id}.eml")))
}
