//! The image of the container.

use std::{
    fs::{File, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tessera_tests::{
    api::Api,
    eventually,
    process::{binary, free_port},
    test_org::Person,
};

use super::run;

const USER: &str = "65532";

const PATIENCE: Duration = Duration::from_mins(1);

/// An image that is unpacked, and what is needed to start its programs.
struct Container {
    home: TempDir,
    settings: Value,
    address: String,
}

impl Container {
    /// Builds the image of the binary of this test, and unpacks it.
    fn build() -> Self {
        let home = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
        // The user of the image must reach the files in it.
        let opened = std::fs::set_permissions(home.path(), Permissions::from_mode(0o711));
        opened.unwrap_or_else(|error| panic!("{}: {error}", home.path().display()));
        let (layout, root) = (text(&home.path().join("image")), text(&home.path().join("root")));
        let said = run("scripts/image", &[&text(&binary()), &layout]);
        assert!(said.contains(" bytes compressed\n"), "{said}");
        let image = format!("{layout}:tessera");
        let ownership = if is_root(home.path()) { "--keep-dirlinks" } else { "--rootless" };
        run("umoci", &["raw", "unpack", ownership, "--image", &image, &root]);
        // The checkout may be closed to the user of the image.
        run("sh", &["-c", "cp \"$(command -v bwrap)\" \"$0\"", &text(&home.path().join("bwrap"))]);
        let settings = settings(Path::new(&layout));
        Self { home, settings, address: format!("127.0.0.1:{}", free_port()) }
    }

    fn root(&self) -> PathBuf {
        self.home.path().join("root")
    }

    /// A command in the image, as its user, with its settings, a read-only root, and the directory `data` as the volume.
    fn command(&self, arguments: &[&str]) -> Command {
        let (root, bwrap) = (self.root(), self.home.path().join("bwrap"));
        let mut command = if is_root(self.home.path()) {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(bwrap).arg("--unshare-user");
            command
        } else {
            let mut command = Command::new(bwrap);
            command.args(["--unshare-user", "--uid", USER, "--gid", USER]);
            command
        };
        command.args(["--unshare-pid", "--unshare-ipc", "--as-pid-1", "--die-with-parent", "--clearenv"]);
        for variable in strings(&self.settings["Env"]) {
            let (name, value) = variable.split_once('=').unwrap_or_default();
            command.args(["--setenv", name, value]);
        }
        // Tests listen on this machine only.
        command.args(["--setenv", "TESSERA_LISTEN", &self.address]);
        command.arg("--ro-bind").arg(&root).arg("/").arg("--bind").arg(root.join("data")).arg("/data");
        command.args([
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--chdir",
            self.settings["WorkingDir"].as_str().unwrap_or(""),
        ]);
        command.args(strings(&self.settings["Entrypoint"])).args(arguments).current_dir("/").stdin(Stdio::null());
        command
    }

    /// Whether a command succeeds, and its output.
    fn outcome(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.command(arguments).output().unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        (output.status.success(), said)
    }
}

/// The process of the service in the image. It ends with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn is_root(home: &Path) -> bool {
    std::fs::metadata(home).unwrap_or_else(|error| panic!("{}: {error}", home.display())).uid() == 0
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn json_file(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The settings of an image.
fn settings(layout: &Path) -> Value {
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap_or_default().replace(':', "/");
        json_file(&layout.join("blobs").join(digest))
    };
    let manifest = blob(&json_file(&layout.join("index.json"))["manifests"][0]);
    blob(&manifest["config"])["config"].clone()
}

/// The names of all files below a directory.
fn files(directory: &Path) -> Vec<String> {
    let (mut names, mut open) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = open.pop() {
        let entries = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                names.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_image_starts_as_its_user_with_a_read_only_root_and_a_volume() {
    let container = Container::build();
    let settings = &container.settings;
    assert_eq!(settings["User"], json!(format!("{USER}:{USER}")));
    assert_eq!(settings["Volumes"], json!({"/data": {}}));
    assert_eq!(settings["ExposedPorts"], json!({"8080/tcp": {}}));
    assert!(strings(&settings["Env"]).contains(&"TESSERA_LISTEN=0.0.0.0:8080"), "{settings}");
    let names = files(&container.root());
    let (loaders, others): (Vec<&str>, Vec<&str>) =
        names.iter().map(String::as_str).partition(|name| name.starts_with("ld-linux"));
    assert_eq!(
        (loaders.len(), others.as_slice()),
        (1, ["ca-certificates.crt", "libc.so.6", "libgcc_s.so.1", "libm.so.6", "tessera"].as_slice())
    );
    // A runtime makes these two.
    for mounted in ["proc", "dev"] {
        let made = std::fs::create_dir(container.root().join(mounted));
        made.unwrap_or_else(|error| panic!("{mounted}: {error}"));
    }

    let log = container.home.path().join("log");
    let file = File::create(&log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    let started = container.command(&strings(&settings["Cmd"])).stdout(Stdio::null()).stderr(file).spawn();
    let _serving = Serving(started.unwrap_or_else(|error| panic!("the image can't be started: {error}")));
    let healthy =
        eventually("the image is healthy", PATIENCE, || async { container.outcome(&["health"]).0.then_some(()) });
    let in_time = tokio::time::timeout(PATIENCE / 2, healthy).await.is_ok();
    assert!(in_time, "{:?}\n{}", container.outcome(&["health"]), std::fs::read_to_string(&log).unwrap_or_default());
    Person::register(&Api::new(&format!("http://{}", container.address))).await;
    let (backed_up, said) = container.outcome(&["backup", "/data/backup.db"]);
    assert!(backed_up && container.root().join("data/backup.db").exists(), "{said}");
    let (backed_up, said) = container.outcome(&["backup", "/backup.db"]);
    assert!(!backed_up && said.contains("Read-only file system"), "{said}");
}
