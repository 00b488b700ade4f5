"""Measurements on a database with many keys."""

from environment import KeySlices, round_rate, write_bodies
from processes import resident_mib
from seeding import STEP, generated_keys
from settings import BenchError

# The service reads the whole row too. pgbench has variables for numbers only, so the statement has the hashes, and the
# variable selects one of them. A thousand hashes would double the time of the server: it searches the array.
SELECT = """\\set number random(1, {count})
SELECT * FROM api_keys WHERE key_hash = ('{{{hashes}}}'::bytea[])[:number];
"""
SELECTED_KEYS = 16


def write_select(run):
    """Writes the script of pgbench that selects one of a few rows by its hash."""
    keys = generated_keys(run, 0, SELECTED_KEYS, STEP % run.settings.keys, run.settings.keys)
    hashes = ",".join(f'"\\\\x{digest}"' for _, _, digest in keys)
    file = run.directory / "select.sql"
    file.write_text(SELECT.format(count=SELECTED_KEYS, hashes=hashes))
    return file


def measure_cold(run, large):
    """Verification of each key once, in turns with a select by pgbench."""
    select = write_select(run)
    slices = KeySlices(run, run.settings.keys)
    # More than the service verifies in one turn on any machine so far.
    count = min(run.settings.seconds * 60_000, run.settings.keys // (2 * run.settings.turns + 1))
    for node in large.values():
        node.start()
        node.check(slices.take(20))
    for _ in run.turns():
        run.add("cold/select/pgbench", run.loads.pgbench(run.cluster, large["postgres"].database, select))
        for kind, node in large.items():
            url = f"{node.service.api}/apikeys/verify"
            file = write_bodies(run, f"cold-{kind}", node.prepared, slices.take(count))
            sample = run.loads.wrk(run.meters(node), url, run.scripts.lines(file))
            if sample.requests > count:
                raise BenchError(f"{sample.requests} requests for {count} keys; set BENCH_KEYS to more")
            run.add(f"cold/verify/{kind}", sample)
    for kind, node in large.items():
        run.values[f"cold_mib/{kind}"] = resident_mib(node.service.pid)


def measure_size(run, small, large):
    """Verification of random keys at both sizes, at one fixed rate. Without the cache, so that each reads the database."""
    for kind, node in large.items():
        pair = {"small": small[kind].start(credential_cache_mib=0), "large": node.start(credential_cache_mib=0)}
        files = {}
        for size, it in pair.items():
            keys = KeySlices(run, it.keys).take(min(it.keys, 200_000))
            it.check(keys[:20])
            files[size] = write_bodies(run, f"size-{size}", it.prepared, keys)
        for _ in run.turns():
            for size, it in pair.items():
                url = f"{it.service.api}/apikeys/verify"
                run.add(
                    f"size/closed-{size}/{kind}", run.loads.wrk(run.meters(it), url, run.scripts.lines(files[size]))
                )
        rate = round_rate(run.rate(f"size/closed-small/{kind}", f"size/closed-large/{kind}") / 4)
        run.values[f"size_rate/{kind}"] = rate
        for _ in run.turns():
            for size, it in pair.items():
                url = f"{it.service.api}/apikeys/verify"
                run.add(f"size/open-{size}/{kind}", run.loads.oha(run.meters(it), url, rate, ("-Z", files[size])))


def measure_warm_large(run, large):
    """One key in the cache, with many keys in the database."""
    for _ in run.turns():
        for kind, node in large.items():
            script = run.scripts.constant("POST", node.prepared.verify_body())
            run.add(
                f"warm/verify-large/{kind}",
                run.loads.wrk(run.meters(node), f"{node.service.api}/apikeys/verify", script),
            )
