"""The targets of the project, and whether a run holds them."""

from results import Target

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
READS = {
    "members": "list 50 members",
    "items": "list 50 items",
    "organization": "read an organization",
    "application": "read an application",
    "keys": "list the keys of an application",
    "sessions": "list the sessions of the user",
}
SERVICE = ("service",)


class Builder:
    def __init__(self, results):
        self.results, self.targets = results, []

    def add(self, name, sign, limit, series, figure, unit=""):
        """`figure` is called only if all series were measured."""
        measured = self.results.has(*series) if series else True
        self.targets.append(Target(name, sign, limit, figure() if measured else None, unit))

    def ratio(self, name, sign, limit, one, other, figure):
        self.add(name, sign, limit, (one, other), lambda: figure(one) / figure(other))

    def value(self, name, sign, limit, key, unit):
        known = key in self.results.values
        self.targets.append(Target(name, sign, limit, self.results.value(key) if known else None, unit))


def targets(results):
    build = Builder(results)
    for add in (warm, cold, reads, writes, tokens, sessions, latencies, telemetry, node):
        add(build, results)
    return build.targets


def warm(build, results):
    def figure(series):
        return results.per_cpu(series, SERVICE)

    for kind, name in NAMES.items():
        build.ratio(
            f"warm verification ÷ bare handler, per CPU-second, {name}",
            "≥",
            0.8,
            f"warm/verify/{kind}",
            "warm/verify/bare",
            figure,
        )
    for kind, name in NAMES.items():
        build.ratio(
            f"`GET /users/me` ÷ bare handler, per CPU-second, {name}",
            "≥",
            0.5,
            f"warm/me/{kind}",
            "warm/me/bare",
            figure,
        )


def cold(build, results):
    for kind, name in NAMES.items():
        pair = (f"cold/verify/{kind}", "cold/select/pgbench")
        build.ratio(f"cold verification ÷ select by pgbench, per second, {name}", "≥", 0.5, *pair, results.rate)
        build.ratio(f"cold verification ÷ select by pgbench, per CPU-second, {name}", "≥", 0.5, *pair, results.per_cpu)


def reads(build, results):
    def figure(series):
        return results.cpu_ms(series, SERVICE)

    series = {name: f"lists/{key}" for key, name in READS.items()} | {"`GET /users/me`": "warm/me"}
    for name, prefix in series.items():
        build.ratio(
            f"{name}: CPU of the service, SQLite ÷ PostgreSQL",
            "≤",
            1.2,
            f"{prefix}/sqlite",
            f"{prefix}/postgres",
            figure,
        )
    for kind, name in NAMES.items():
        build.add(
            f"list 50 members: CPU of the service, {name}",
            "≤",
            0.25,
            (members := f"lists/members/{kind}",),
            lambda it=members: figure(it),
            "ms",
        )


def writes(build, results):
    pair = ("writes/inventory/postgres", "writes/inventory/pgbench")
    build.ratio("change an item ÷ the same statement by pgbench, per second, PostgreSQL", "≥", 0.8, *pair, results.rate)


def tokens(build, results):
    for kind, name in NAMES.items():
        build.ratio(
            f"CPU of a raw RS256 signature ÷ CPU of the service for a token exchange, {name}", "≥", 0.8,
            "tokens/rs256/baseline", f"tokens/exchange/{kind}", lambda series: results.cpu_ms(series, SERVICE),
        )  # fmt: skip
        build.ratio(
            f"create a key with ÷ without an idempotency key, per CPU-second, {name}", "≥", 0.8,
            f"tokens/key-once/{kind}", f"tokens/key/{kind}", results.per_cpu,
        )  # fmt: skip
    # Half of what the operations took before they were optimized.
    halves = {
        "create a key": ("key", {"sqlite": 1.2 / 2, "postgres": (0.81 + 1.4) / 2}),
        "sign in with a wallet": ("wallet", {"sqlite": 2.0 / 2, "postgres": (1.1 + 1.4) / 2}),
    }
    for text, (key, limits) in halves.items():
        for kind, name in NAMES.items():
            of = "the service and PostgreSQL" if kind == "postgres" else "the service"
            series = f"tokens/{key}/{kind}"
            build.add(
                f"{text}: CPU of {of}, {name}", "≤", limits[kind], (series,), lambda it=series: results.cpu_ms(it), "ms"
            )


def sessions(build, results):
    # The aim is one statement that writes, so a refresh may cost about as much as ten cached reads.
    for kind, name in NAMES.items():
        pair = (f"sessions/refresh/{kind}", f"sessions/me/{kind}")
        build.ratio(f"refresh ÷ `GET /users/me`, per CPU-second, {name}", "≥", 0.1, *pair, results.per_cpu)


def latencies(build, results):
    ratios = (
        ("p99 of verification, during a login flood ÷ without", 1.2, "p99", "flood/during", "flood/without"),
        ("p50 of verification, large ÷ small database", 1.3, "p50", "size/open-large", "size/open-small"),
    )
    for text, limit, percentile, *parts in ratios:
        for kind, name in NAMES.items():
            series = [f"{part}/{kind}" for part in parts]
            build.ratio(f"{text}, {name}", "≤", limit, *series, lambda it, of=percentile: results.latency(it, of))


def telemetry(build, results):
    texts = {"metrics": ("with metrics", 0.97), "traces": ("with 1 % of the traces sampled", 0.95)}
    for key, (text, limit) in texts.items():
        for kind, name in NAMES.items():
            pair = (f"telemetry/{key}/{kind}", f"telemetry/without/{kind}")
            build.ratio(
                f"warm verification {text} ÷ without, per CPU-second, {name}",
                "≥",
                limit,
                *pair,
                lambda series: results.per_cpu(series, SERVICE),
            )


def node(build, results):
    build.ratio("`tessera keys scan` ÷ `cat`, bytes per second", "≥", 0.5, "scan/scan", "scan/cat", results.rate)
    for kind, name in NAMES.items():
        build.value(f"idle memory, {name}", "≤", 32, f"idle_mib/{kind}", "MiB")
    build.value("size of the binary", "≤", 32, "binary_mib", "MiB")
    for kind, name in NAMES.items():
        build.value(f"start to ready on an existing database, {name}", "≤", 100, f"start_ms/{kind}", "ms")
