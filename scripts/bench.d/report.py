"""Tables of a run, in Markdown."""

from results import number
from targets import NAMES, READS, SERVICE, targets

OPERATIONS = {
    "warm/verify/bare": "bare handler, body of a verification",
    "warm/verify/sqlite": "verify one key, SQLite",
    "warm/verify/postgres": "verify one key, PostgreSQL",
    "warm/verify-large/sqlite": "verify one key, large SQLite database",
    "warm/verify-large/postgres": "verify one key, large PostgreSQL database",
    "warm/me/bare": "bare handler, body of a profile",
    "warm/me/sqlite": "`GET /users/me`, SQLite",
    "warm/me/postgres": "`GET /users/me`, PostgreSQL",
    "cold/select/pgbench": "select of a key by its hash, pgbench",
    "cold/verify/sqlite": "verify each key once, large SQLite database",
    "cold/verify/postgres": "verify each key once, large PostgreSQL database",
    "size/closed-small/sqlite": "verify random keys without the cache, small SQLite database",
    "size/closed-large/sqlite": "the same, large SQLite database",
    "size/closed-small/postgres": "verify random keys without the cache, small PostgreSQL database",
    "size/closed-large/postgres": "the same, large PostgreSQL database",
}
OPERATIONS |= {f"lists/{key}/{kind}": f"{text}, {name}" for key, text in READS.items() for kind, name in NAMES.items()}
OPERATIONS |= {
    "writes/inventory/pgbench": "change an item, pgbench",
    "writes/inventory/sqlite": "change an item, SQLite",
    "writes/inventory/postgres": "change an item, PostgreSQL",
    "tokens/rs256/baseline": "raw RS256 signature",
    "tokens/exchange/sqlite": "token exchange, SQLite",
    "tokens/exchange/postgres": "token exchange, PostgreSQL",
    "tokens/key/sqlite": "create a key, SQLite",
    "tokens/key/postgres": "create a key, PostgreSQL",
    "tokens/key-once/sqlite": "create a key with an idempotency key, SQLite",
    "tokens/key-once/postgres": "create a key with an idempotency key, PostgreSQL",
    "tokens/recover/baseline": "raw recovery of a wallet's signature",
    "tokens/wallet/sqlite": "sign in with a wallet (two requests), SQLite",
    "tokens/wallet/postgres": "sign in with a wallet (two requests), PostgreSQL",
    "tokens/p256/baseline": "raw verification of a P-256 signature",
    "tokens/passkey/sqlite": "sign in with a passkey (two requests), SQLite",
    "tokens/passkey/postgres": "sign in with a passkey (two requests), PostgreSQL",
    "tokens/argon2/baseline": "raw argon2id",
    "tokens/login/sqlite": "sign in with a password, SQLite",
    "tokens/login/postgres": "sign in with a password, PostgreSQL",
}
OPERATIONS |= {
    f"sessions/{key}/{kind}": f"{text}, {name}"
    for key, text in (("refresh", "refresh a session"), ("me", "`GET /users/me` beside it"))
    for kind, name in NAMES.items()
}
OPERATIONS |= {
    f"telemetry/{key}/{kind}": f"verify one key, {text}, {name}"
    for key, text in (
        ("without", "without metrics and traces"),
        ("metrics", "with metrics"),
        ("traces", "with 1 % of the traces sampled"),
    )
    for kind, name in NAMES.items()
}
LATENCIES = {
    f"flood/{when}/{kind}": f"{text}, {name}"
    for kind, name in NAMES.items()
    for when, text in (("without", "small database"), ("during", "small database, during a login flood"))
}
LATENCIES |= {
    f"size/open-{size}/{kind}": f"{size} database, without the cache, {name}"
    for kind, name in NAMES.items()
    for size in ("small", "large")
}
PERCENTILES = ("p50", "p90", "p99", "p99.9")


def table(header, rows, right=()):
    lines = [header, ["---:" if index in right else "---" for index in range(len(header))], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def target_table(results):
    return table(("target", "limit", "result", "held"), [target.cells() for target in targets(results)], (1, 2))


def operation_table(results):
    rows = []
    for series, text in OPERATIONS.items():
        if not results.has(series):
            continue
        postgres = any("postgres" in sample["processor"] for sample in results.samples[series])
        rows.append((
            text, number(results.rate(series)), number(results.per_cpu(series)),
            number(results.cpu_ms(series, SERVICE)), number(results.cpu_ms(series, ("postgres",))) if postgres else "–",
            number(results.latency(series, "p50")), number(results.latency(series, "p99")),
        ))  # fmt: skip
    header = (
        "operation",
        "per second",
        "per CPU-second",
        "CPU of the service, ms",
        "CPU of PostgreSQL, ms",
        "p50, ms",
        "p99, ms",
    )
    return table(header, rows, range(1, 7))


def latency_table(results):
    rows = []
    for series, text in LATENCIES.items():
        if results.has(series):
            part, kind = series.split("/")[0], series.split("/")[2]
            figures = [number(results.latency(series, percentile)) for percentile in PERCENTILES]
            rows.append((text, number(results.value(f"{part}_rate/{kind}")), *figures))
    header = ("verification", "requests/s", *(f"{percentile}, ms" for percentile in PERCENTILES))
    return table(header, rows, range(1, 6))


def node_table(results):
    texts = {
        "binary_mib": "binary, MiB",
        "start_mib": "memory in the 3 s after the start, MiB",
        "idle_mib": "memory in the 5 s after them, MiB",
        "loaded_mib": "memory after the loads on the small database, MiB",
        "cold_mib": "memory after the verification of each key once, MiB",
        "start_ms": "start to ready, ms",
    }
    rows = []
    for key, text in texts.items():
        figures = [results.value(name) for kind in NAMES if (name := f"{key}/{kind}") in results.values]
        if key in results.values:
            figures = [results.value(key)] * 2
        if figures:
            rows.append((text, *map(number, figures)))
    for series, text in (("scan/scan", "`tessera keys scan`, MiB/s"), ("scan/cat", "`cat`, MiB/s")):
        if results.has(series):
            rows.append((text, *[number(results.rate(series) / (1 << 20))] * 2))
    return table(("", *NAMES.values()), rows, (1, 2))


def machine_table(results):
    return table(("", ""), list(results.machine.items()))


def tables(results):
    """Titles and tables."""
    return {
        "Machine": machine_table(results),
        "Targets": target_table(results),
        "Operations": operation_table(results),
        "Latency at a fixed rate": latency_table(results),
        "Memory, size and start": node_table(results),
    }
