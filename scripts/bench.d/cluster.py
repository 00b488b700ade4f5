"""A temporary PostgreSQL cluster."""

import glob
import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

from processes import children, family_seconds, poll
from settings import BenchError

# Without these, a checkpoint begins while ten million rows are loaded, and its writes last into the measurements. Everything
# that decides when a commit is durable has its default.
OPTIONS = {"max_connections": 300, "shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "1h"}


def programs():
    """The directory of the server programs, the newest if there are several."""
    patterns = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*")
    found = [path for pattern in patterns for path in glob.glob(pattern)]
    found.sort(key=lambda path: [int(part) for part in "".join(c if c.isdigit() else " " for c in path).split()])
    for path in [*reversed(found), "/usr/bin", "/usr/local/bin"]:
        if all(os.access(f"{path}/{name}", os.X_OK) for name in ("initdb", "postgres", "pgbench", "psql")):
            return Path(path)
    raise BenchError("no PostgreSQL server programs found; install postgresql, as scripts/test does")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cluster:
    def __init__(self, processes, directory):
        self.processes, self.directory, self.bin = processes, directory, programs()
        self.owner = self._owner()
        directory.mkdir()
        if self.owner:
            shutil.chown(directory, self.owner)
        data = directory / "data"
        initdb = [
            self.bin / "initdb",
            "--no-sync",
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",
            "-D",
            data,
        ]
        processes.run(initdb, 120, **self._as_owner())
        self.process = self._start(data)

    @staticmethod
    def _owner():
        """PostgreSQL does not run as root. Root runs it as another user."""
        if os.geteuid() != 0:
            return None
        names = {entry.pw_name for entry in pwd.getpwall()}
        return "postgres" if "postgres" in names else "nobody"

    def _as_owner(self):
        if not self.owner:
            return {"cwd": self.directory}
        group = pwd.getpwnam(self.owner).pw_gid
        return {"cwd": self.directory, "user": self.owner, "group": group, "extra_groups": []}

    def _start(self, data):
        log = open(self.directory / "log", "w")
        for _ in range(10):
            self.port = free_port()
            options = {
                **OPTIONS,
                "port": self.port,
                "unix_socket_directories": self.directory,
                "listen_addresses": "127.0.0.1",
            }
            flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
            process = self.processes.start(
                [self.bin / "postgres", "-D", data, *flags], stdout=log, stderr=log, **self._as_owner()
            )
            if self._started(process):
                return process
            self.processes.stop(process)
        raise BenchError(f"PostgreSQL did not start:\n{(self.directory / 'log').read_text()[-2000:]}")

    def _started(self, process):
        """Waits until it accepts connections. False if it ended: another program may have taken the port."""
        poll(60, "PostgreSQL", lambda: process.poll() is not None or self._accepts())
        return process.poll() is None

    def _accepts(self):
        ready = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0

    def url(self, database):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, database, text, seconds=900, **options):
        """Runs statements and returns their output, without headers."""
        command = [self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.url(database), "-c", text]
        return self.processes.run(command, seconds, **options)[0].strip()

    def create(self, database):
        self.sql("postgres", f'CREATE DATABASE "{database}"')
        return self.url(database)

    def processor_seconds(self):
        return family_seconds(self.process.pid)

    def backends(self):
        return len(children(self.process.pid))

    def version(self):
        return self.sql("postgres", "SHOW server_version").split()[0]
