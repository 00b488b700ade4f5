"""Settings of a run, from the environment."""

import os
from dataclasses import dataclass, field
from pathlib import Path


class BenchError(Exception):
    """The run cannot continue. The message says why."""


PARTS = ("node", "warm", "lists", "writes", "tokens", "sessions", "flood", "telemetry", "scan", "cold", "size")
SMALL_KEYS = 10_000
CONNECTIONS = 16
PASSWORD = "violet-harbour-93-lantern"


def number(name, default, least=1):
    text = os.environ.get(name, "") or str(default)
    if not text.isdigit() or int(text) < least:
        raise BenchError(f"{name} must be a whole number of at least {least}")
    return int(text)


@dataclass
class Settings:
    root: Path
    target: Path
    seconds: int = field(default_factory=lambda: number("BENCH_SECONDS", 4))
    turns: int = field(default_factory=lambda: number("BENCH_TURNS", 3))
    keys: int = field(default_factory=lambda: number("BENCH_KEYS", 10_000_000, SMALL_KEYS))
    only: str = field(default_factory=lambda: os.environ.get("BENCH_ONLY", ""))

    def __post_init__(self):
        if self.only and self.only not in PARTS:
            raise BenchError(f"BENCH_ONLY must be one of {', '.join(PARTS)}")

    def wants(self, *parts):
        return not self.only or self.only in parts

    @property
    def command(self):
        names = ("BENCH_SECONDS", "BENCH_TURNS", "BENCH_KEYS", "BENCH_ONLY")
        return " ".join([*(f"{name}={os.environ[name]}" for name in names if os.environ.get(name)), "just bench"])

    @property
    def results(self):
        return self.target / "bench" / "results.json"

    @property
    def binary(self):
        return self.target / "release" / "tessera"

    @property
    def baseline(self):
        found = [path for path in (self.target / "release" / "deps").glob("baseline-*") if path.suffix != ".d"]
        if not found:
            raise BenchError("the baselines are not built; run scripts/bench, which builds them")
        return max(found, key=lambda path: path.stat().st_mtime)

    @property
    def oha(self):
        return self.root / "target" / "tools" / "oha" / "bin" / "oha"  # scripts/bench installs it.
