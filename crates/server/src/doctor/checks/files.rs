//! The files of the service: permissions, free space, and the file system under SQLite.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::statvfs;
use tessera_adapters::DatabaseUrl;

use crate::{
    doctor::{
        context::Context,
        finding::{Finding, Status, cause_of},
    },
    master_key,
    tls::TlsFiles,
};

const MIB: u64 = 1024 * 1024;

/// Less free space is a failure, or a warning.
const FULL: u64 = 64 * MIB;
const NEARLY_FULL: u64 = 1024 * MIB;

pub(super) async fn check(context: Arc<Context>) -> Finding {
    // A file system may not respond, so the async workers do not wait for it.
    let looked = tokio::task::spawn_blocking(move || {
        let data = match &context.config.database_url {
            DatabaseUrl::Postgres(_) => Finding::skip("the data is on the server"),
            DatabaseUrl::Sqlite(file) => look(&context, file),
        };
        let Some(certificate) = context.config.tls.as_ref().map(|files| of_certificate(files, &context)) else {
            return data;
        };
        let otherwise = if data.status == Status::Skip { certificate.clone() } else { data.clone() };
        Finding::combined(vec![data, certificate], otherwise)
    });
    looked.await.unwrap_or_else(|error| Finding::fail(error.to_string(), "report this as a bug of tessera"))
}

/// The certificate for clients. Its files are readable, because the settings are valid.
fn of_certificate(files: &TlsFiles, context: &Context) -> Finding {
    let advice = "renew it, and write both files; the service loads them within a minute";
    match files.load().map(|pair| pair.expiry(context.system.clock.now())) {
        Ok(None) => Finding::ok(format!("{} is valid for more than two weeks", files.certificate.display())),
        Ok(Some(expiry)) => Finding::graded(expiry.detail, advice, expiry.is_over, true),
        Err(error) => Finding::fail(error.to_string(), advice),
    }
}

/// Only metadata is read: a process that serves the file would lose its locks if it opened and closed it.
fn look(context: &Context, file: &Path) -> Finding {
    let mut findings: Vec<Finding> =
        ["", "-wal", "-shm"].into_iter().filter_map(|end| permissions(file, end)).collect();
    if let Err(error) = master_key::check_file(&context.config) {
        let key = file.with_file_name("master.key");
        let advice = format!("chmod 600 {}, and chown it to the user of the service", key.display());
        findings.push(Finding::fail(format!("{error:#}"), advice));
    }
    let directory = existing_directory(file);
    match statvfs(&directory) {
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            findings.extend(of_space(&directory, free));
        }
        Err(error) => findings.push(Finding::fail(
            format!("{}: {}", directory.display(), cause_of(error)),
            "run this command in the working directory of the service, as its user",
        )),
    }
    findings.extend(of_file_system(&directory));
    Finding::combined(findings, Finding::ok(format!("{} is private, on a local disk with free space", file.display())))
}

fn permissions(file: &Path, end: &str) -> Option<Finding> {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    let path = PathBuf::from(name);
    let mode = fs::metadata(&path).ok()?.mode() & 0o777;
    (mode & 0o007 != 0).then(|| {
        Finding::fail(
            format!("{} has mode {mode:04o}: all users of this machine can read password hashes", path.display()),
            format!("chmod 600 {}", path.display()),
        )
    })
}

/// The directory of the file, or the nearest one above it that exists.
fn existing_directory(file: &Path) -> PathBuf {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    absolute.ancestors().skip(1).find(|directory| directory.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

fn of_space(directory: &Path, free: u64) -> Option<Finding> {
    let detail = format!("{} MiB are free in {}", free / MIB, directory.display());
    let advice = "delete other files of this disk, or enlarge it: without space, every change fails with 503";
    if free < FULL {
        Some(Finding::fail(detail, advice))
    } else {
        (free < NEARLY_FULL).then(|| Finding::warn(detail, advice))
    }
}

#[cfg(target_os = "linux")]
fn of_file_system(directory: &Path) -> Option<Finding> {
    let found = rustix::fs::statfs(directory).ok()?;
    of_type(u32::try_from(found.f_type & 0xffff_ffff).ok()?)
}

#[cfg(not(target_os = "linux"))]
fn of_file_system(_: &Path) -> Option<Finding> {
    None
}

/// Network file systems by the number that Linux reports (`statfs(2)`).
fn of_type(number: u32) -> Option<Finding> {
    let name = match number {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x0102_1997 => "9P",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x00c3_6400 => "Ceph",
        0x0bd0_0bd0 => "Lustre",
        0x6573_5546 => {
            return Some(Finding::warn(
                "the database is on FUSE, which may be a network file system",
                "see with findmnt -T, and move the database to a local disk if it is one",
            ));
        }
        _ => return None,
    };
    Some(Finding::fail(
        format!("the database is on {name}, where locks are not reliable: SQLite can be damaged"),
        "move the data to a local disk and set TESSERA_DATABASE_URL, or use PostgreSQL",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_free_space_is_a_warning_and_then_a_failure() {
        let status = |free| of_space(Path::new("/data"), free).map(|finding| finding.status);
        assert_eq!(status(NEARLY_FULL), None);
        assert_eq!(status(NEARLY_FULL - 1), Some(Status::Warn));
        assert_eq!(status(FULL - 1), Some(Status::Fail));
    }

    #[test]
    fn network_file_systems_are_failures() {
        let status = |number| of_type(number).map(|finding| finding.status);
        assert_eq!(status(0x6969), Some(Status::Fail));
        assert_eq!(status(0x6573_5546), Some(Status::Warn));
        assert_eq!(status(0xef53), None, "ext4");
    }
}
