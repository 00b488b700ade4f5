//! The age of the last scheduled backup.

use std::{io, path::Path, sync::Arc};

use tessera_adapters::DatabaseUrl;
use time::{Duration, OffsetDateTime};
use tokio::task::spawn_blocking;

use crate::doctor::{context::Context, finding::Finding};
use crate::{config::BackupSettings, jobs::backups};

/// A node checks every five minutes whether a backup is due, and writes it.
const GRACE: Duration = Duration::HOUR;

pub(super) async fn check(context: Arc<Context>) -> Finding {
    if let DatabaseUrl::Postgres(_) = context.config.database_url {
        return Finding::skip("backups of PostgreSQL are made with its own tools, such as pg_dump");
    }
    let BackupSettings { directory, hours, .. } = &context.config.backups;
    let Some(directory) = directory.clone() else {
        return Finding::warn(
            "the service writes no backups",
            "set TESSERA_BACKUP_DIR, unless something else runs tessera backup",
        );
    };
    let period = Duration::hours(i64::from(*hours));
    let now = context.system.clock.now();
    let examined = spawn_blocking(move || of_directory(&directory, backups::newest(&directory), now, period)).await;
    examined.unwrap_or_else(|error| Finding::fail(error.to_string(), "report this as a bug of tessera"))
}

fn of_directory(
    directory: &Path,
    newest: io::Result<Option<OffsetDateTime>>,
    now: OffsetDateTime,
    period: Duration,
) -> Finding {
    let shown = directory.display();
    let newest = match newest {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Finding::fail(
                format!("{shown} can't be read: {error}"),
                "run this command as the user of the service, and let this user read and write the directory",
            );
        }
        newest => newest.ok().flatten(),
    };
    let Some(newest) = newest else {
        return Finding::warn(format!("there is no backup in {shown} yet"), ADVICE);
    };
    let age = now - newest;
    if age < -GRACE {
        return Finding::warn(
            format!("the newest backup in {shown} is from the future"),
            "correct the clock of this machine, and rename the file: its name has the time",
        );
    }
    let detail = format!("the newest backup in {shown} is {} hours old", age.whole_hours());
    Finding::graded(detail, ADVICE, age > period * 2, age > period + GRACE)
}

const ADVICE: &str = "start tessera serve, which writes backups; if it runs, search its log for the job \"backup\"; or run tessera backup";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status;

    #[test]
    fn an_old_backup_is_a_warning_and_then_a_failure() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let status = |newest| of_directory(Path::new("backups"), newest, now, Duration::DAY).status;
        assert_eq!(status(Ok(Some(now - Duration::hours(25)))), Status::Ok);
        assert_eq!(status(Ok(Some(now - Duration::hours(26)))), Status::Warn);
        assert_eq!(status(Ok(Some(now - Duration::hours(49)))), Status::Fail);
        assert_eq!(status(Ok(Some(now + Duration::hours(2)))), Status::Warn);
        assert_eq!(status(Ok(None)), Status::Warn);
        assert_eq!(status(Err(io::ErrorKind::NotFound.into())), Status::Warn);
        assert_eq!(status(Err(io::ErrorKind::PermissionDenied.into())), Status::Fail);
    }
}
