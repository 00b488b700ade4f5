//! The walk through the paths of a scan.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::progress::Progress;

/// Standard input, or a file that was named or found below a directory.
#[derive(Debug)]
pub(super) enum Source {
    StandardInput,
    File(PathBuf),
}

impl Source {
    /// The path as the output names it.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::StandardInput => Path::new(STANDARD_INPUT),
            Self::File(path) => path,
        }
    }
}

const STANDARD_INPUT: &str = "-";

/// Calls `visit` for standard input, each named file, and each regular file below a named directory, until it returns
/// `false`. Calls `unreadable` for each path whose kind or content cannot be read, and goes on.
///
/// Symbolic links are followed only if they are named: below a directory they could lead in circles or out of it. Pipes
/// and devices below a directory are left out for the same reason: a read of them may never end.
pub(super) fn each_source(
    paths: &[PathBuf],
    mut unreadable: impl FnMut(&Path, &io::Error),
    mut visit: impl FnMut(Source) -> bool,
) {
    for path in paths {
        let goes_on = if path.as_os_str() == STANDARD_INPUT {
            visit(Source::StandardInput)
        } else {
            match fs::metadata(path) {
                Ok(found) if found.is_dir() => walk(path.clone(), &mut unreadable, &mut visit),
                Ok(_) => visit(Source::File(path.clone())),
                Err(error) => {
                    unreadable(path, &error);
                    true
                }
            }
        };
        if !goes_on {
            return;
        }
    }
}

/// Walks through one directory. Returns `false` if `visit` did.
fn walk(root: PathBuf, unreadable: &mut impl FnMut(&Path, &io::Error), visit: &mut impl FnMut(Source) -> bool) -> bool {
    // A list in place of a recursion: the depth of a tree does not use up the stack or the open files.
    let mut directories = vec![root];
    while let Some(directory) = directories.pop() {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) => {
                unreadable(&directory, &error);
                continue;
            }
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) {
                Ok((kind, path)) if kind.is_dir() => directories.push(path),
                Ok((kind, path)) if kind.is_file() => {
                    if !visit(Source::File(path)) {
                        return false;
                    }
                }
                Ok(_) => {}
                Err(error) => unreadable(&directory, &error),
            }
        }
    }
    true
}

/// Counts the files and their sizes for the progress bar, unless the scan ends first. The size of standard input is not
/// known, so a scan of it has no total.
pub(super) fn count(paths: &[PathBuf], progress: &Progress) {
    let (mut files, mut bytes, mut complete) = (0, 0, true);
    let ignore = |_: &Path, _: &io::Error| {};
    each_source(paths, ignore, |source| {
        complete = !matches!(source, Source::StandardInput) && !progress.is_finished();
        files += 1;
        bytes += fs::metadata(source.path()).map_or(0, |found| found.len());
        complete
    });
    if complete {
        progress.set_total(files, bytes);
    }
}
