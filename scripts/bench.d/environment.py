"""What the measurements share: processes, directories, results, and databases that are filled."""

import math
import shutil
import time

from cluster import Cluster
from loads import Loads, Meters, Scripts
from seeding import Seed, scattered_keys, seed_postgres, seed_sqlite
from service import Prepared, Service, check_keys, variables
from settings import SMALL_KEYS, BenchError

DATABASES = ("sqlite", "postgres")
# PostgreSQL takes 720 bytes with its log, SQLite 300.
BYTES_PER_KEY = 700


class Run:
    def __init__(self, settings, directory, processes):
        self.settings, self.directory, self.processes = settings, directory, processes
        self.loads = Loads(settings, processes)
        self.scripts = Scripts(directory)
        self.samples, self.values, self.begun = {}, {}, time.monotonic()
        # The user that PostgreSQL runs as must reach its directory.
        directory.chmod(0o755)
        self.cluster = Cluster(processes, directory / "postgres")

    def add(self, series, sample):
        self.samples.setdefault(series, []).append(sample.record())
        return sample

    def say(self, text):
        print(f"[{time.monotonic() - self.begun:5.0f} s] {text}", flush=True)

    def turns(self):
        return range(self.settings.turns)

    def meters(self, node):
        return Meters(node.service, self.cluster if node.kind == "postgres" else None)

    def rate(self, *series):
        """The mean rate of each series; the smallest of them."""
        means = []
        for name in series:
            samples = self.samples[name]
            means.append(sum(sample["requests"] / sample["seconds"] for sample in samples) / len(samples))
        return min(means)


class Node:
    """A service on a database that has a number of keys."""

    def __init__(self, run, kind, size, keys):
        self.run, self.kind, self.size, self.keys = run, kind, size, keys
        self.directory = run.directory / f"{size}-{kind}"
        self.database = f"bench_{size}"
        url = run.cluster.create(self.database) if kind == "postgres" else f"sqlite://{self.directory}/tessera.db"
        self.service = Service(run.processes, run.settings.binary, self.directory, url)
        self.service.start()
        self.prepared = Prepared(self.service)
        self.service.stop()
        self._seed()

    def _seed(self):
        begun = time.monotonic()
        seed = Seed(self.run, self.prepared, self.keys)
        if self.kind == "postgres":
            seed_postgres(self.run.cluster, self.database, seed)
        else:
            seed_sqlite(self.directory / "tessera.db", seed)
        self.run.say(f"{self.kind}: {self.keys} keys seeded in {time.monotonic() - begun:.0f} s")

    def start(self, **settings):
        """Starts a service with an empty cache, in place of the present one."""
        if self.service.process and self.service.process.poll() is None:
            self.service.stop()
        self.service.settings = variables(settings)
        self.service.start()
        return self

    def check(self, keys):
        check_keys(self.service, keys)


def nodes(run, size, keys):
    room = shutil.disk_usage(run.directory).free
    if room < 2 * keys * BYTES_PER_KEY:
        need = 2 * keys * BYTES_PER_KEY >> 30
        raise BenchError(f"{keys} keys on two databases need {need} GiB in {run.directory}; set TMPDIR or BENCH_KEYS")
    return {kind: Node(run, kind, size, keys) for kind in DATABASES}


class KeySlices:
    """Disjoint parts of the seeded keys, so that each key is used at most once."""

    def __init__(self, run, keys):
        self.run, self.keys, self.used = run, keys, 0

    def take(self, count):
        if self.used + count > self.keys:
            raise BenchError(f"this run uses more than {self.keys} keys once each; set BENCH_KEYS to more")
        keys = scattered_keys(self.run, self.used, count, self.keys)
        self.used += count
        return keys


def write_bodies(run, name, prepared, keys):
    file = run.directory / f"{name}.txt"
    file.write_text("".join(prepared.verify_body(key) + "\n" for key in keys))
    return file


def round_rate(rate):
    """Two significant digits, downwards."""
    step = 10 ** max(0, math.floor(math.log10(rate)) - 1)
    return int(rate // step * step)


SMALL = ("small", SMALL_KEYS)
