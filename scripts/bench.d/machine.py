"""The machine and the versions of the programs of a run."""

import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from settings import SMALL_KEYS, BenchError


def output(*command):
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BenchError(
            f"{command[0]} cannot be started: {error.strerror}; scripts/bench installs what is missing"
        ) from error
    return (result.stdout + result.stderr).strip()


def first_match(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else "unknown"


def describe(run):
    settings = run.settings
    cpu = first_match(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text())
    memory = int(first_match(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())) / (1 << 20)
    commit = output("git", "-C", str(settings.root), "rev-parse", "--short=12", "HEAD")
    if output("git", "-C", str(settings.root), "status", "--porcelain", "--untracked-files=no"):
        commit += ", with changes that are not committed"
    return {
        "processor": f"{cpu}, {os.cpu_count()} cores",
        "memory": f"{memory:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "PostgreSQL": run.cluster.version(),
        "wrk": first_match(r"^wrk (\S+)", output("wrk", "-v")),
        "oha": first_match(r"(\S+)$", output(str(settings.oha), "--version")),
        "command": f"`{settings.command}`",
        "seconds, turns": f"{settings.seconds} s for each measurement, {settings.turns} turns",
        "keys": f"small: {SMALL_KEYS}, large: {settings.keys}",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit,
    }
