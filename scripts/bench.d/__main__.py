"""The benchmark of the service. `scripts/bench` prepares its tools and starts it."""

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from environment import SMALL, Run, nodes
from machine import describe
from measure_large import measure_cold, measure_size, measure_warm_large
from measure_small import MEASUREMENTS
from processes import Processes
from report import tables
from results import Results
from settings import BenchError, Settings

USAGE = """usage: scripts/bench [--publish | --publish-last]

--publish       writes docs/performance.md and its images after the run
--publish-last  does the same with the results of the last run, without another one

BENCH_SECONDS  seconds of each measurement (4)
BENCH_TURNS    how many times each measurement is made, in turns with its baseline (3)
BENCH_KEYS     keys of the large database (10000000)
BENCH_ONLY     one part: node, warm, lists, writes, tokens, sessions, flood, telemetry, scan, cold or size
"""


def measure(run):
    settings = run.settings
    small = None
    if settings.wants(*MEASUREMENTS, "size"):
        small = nodes(run, *SMALL)
        for node in small.values():
            node.start()
    for part, measurement in MEASUREMENTS.items():
        if settings.wants(part):
            run.say(f"measuring: {part}")
            measurement(run, small)
    if settings.wants("cold", "size", "warm"):
        measure_with_many_keys(run, small)


def measure_with_many_keys(run, small):
    large = nodes(run, "large", run.settings.keys)
    for part, measurement in (
        ("cold", lambda: measure_cold(run, large)),
        ("warm", lambda: measure_warm_large(run, {kind: node.start() for kind, node in large.items()})),
        ("size", lambda: measure_size(run, small, large)),
    ):
        if run.settings.wants(part):
            run.say(f"measuring: {part}, large database")
            measurement()


def perform(settings):
    """Measures, and writes the results. Every process ends, also after an error or a signal."""
    directory = Path(tempfile.mkdtemp(prefix="tessera-bench."))
    processes = Processes()
    try:
        run = Run(settings, directory, processes)
        machine = describe(run)
        measure(run)
        document = {"machine": machine, "samples": run.samples, "values": run.values}
        run.say("done")
    finally:
        # A second Ctrl-C must not leave processes behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        processes.stop_all()
        shutil.rmtree(directory, ignore_errors=True)
    settings.results.parent.mkdir(parents=True, exist_ok=True)
    settings.results.write_text(json.dumps(document, indent=1) + "\n")
    return document


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def main(arguments):
    if arguments not in ([], ["--publish"], ["--publish-last"]):
        asked = arguments == ["--help"]
        print(USAGE, end="", file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    root = Path(__file__).resolve().parents[2]
    settings = Settings(root, Path(os.environ.get("CARGO_TARGET_DIR") or root / "target"))
    if arguments == ["--publish-last"]:
        if not settings.results.exists():
            raise BenchError(f"{settings.results} does not exist; run the benchmark first")
        document = json.loads(settings.results.read_text())
    else:
        document = perform(settings)
        for title, table in tables(Results(document)).items():
            print(f"\n## {title}\n\n{table}")
        print(f"\nall samples: {settings.results}")
    if arguments:
        from publish import publish

        publish(Results(document), root)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit("bench: interrupted")
