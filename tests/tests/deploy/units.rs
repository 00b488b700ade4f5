//! The units of systemd.

use tempfile::TempDir;
use tessera_tests::{process::binary, read_workspace_file};

use super::run;

#[test]
fn systemd_accepts_the_units() {
    let directory = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
    let binary = binary().display().to_string();
    let files = ["tessera.service", "tessera.socket"].map(|name| {
        let text = read_workspace_file(&format!("deploy/{name}"));
        assert_eq!(name.ends_with("service"), text.contains("ExecStart=/usr/local/bin/tessera serve\n"), "{name}");
        let path = directory.path().join(name);
        // systemd looks for the binary.
        let written = std::fs::write(&path, text.replace("/usr/local/bin/tessera", &binary));
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path.display().to_string()
    });
    let said = run("systemd-analyze", &["verify", &files[0], &files[1]]);
    // An unknown name is a warning only. Other lines are about units of this machine.
    let about_tessera: Vec<&str> = said.lines().filter(|line| line.contains("tessera")).collect();
    assert_eq!(about_tessera, [""; 0]);
}

#[test]
fn the_exposure_of_the_unit_is_at_most_two() {
    run("systemd-analyze", &["security", "--offline=true", "--threshold=20", "deploy/tessera.service"]);
}
