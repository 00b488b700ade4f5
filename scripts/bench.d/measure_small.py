"""Measurements on a database with 10 thousand keys."""

import json
import subprocess
from select import select

from collector import Collector
from environment import round_rate
from loads import Meters, Sample, timed
from processes import resident_mib
from seeding import ITEMS, MEMBERS, SPARE_APPLICATIONS, identifier
from service import largest_memory, send
from settings import PASSWORD, BenchError


# Seconds in which the memory of the start goes back to the system, and seconds after them.
STARTING, IDLE = 3, 5


def measure_node(run, nodes):
    """Size, start on an existing database, and memory without load."""
    run.values["binary_mib"] = run.settings.binary.stat().st_size / (1 << 20)
    for _ in range(max(3, run.settings.turns)):
        for kind, node in nodes.items():
            node.service.stop()
            run.values.setdefault(f"start_ms/{kind}", []).append(1000 * node.service.start())
    for kind, node in nodes.items():
        node.service.stop()
        node.service.start()
        run.values[f"start_mib/{kind}"] = largest_memory(node.service, resident_mib, STARTING)
        run.values[f"idle_mib/{kind}"] = largest_memory(node.service, resident_mib, IDLE)


class BareHandler:
    """A handler of actix-web that reads the body and responds with one of a constant size."""

    def __init__(self, run, size):
        self.run = run
        self.process = run.processes.start([run.settings.baseline, "serve", size], stdout=subprocess.PIPE, text=True)
        if not select([self.process.stdout], [], [], 30)[0]:
            raise BenchError("the bare handler did not start")
        self.url = self.process.stdout.readline().strip()
        self.meters = Meters(pid=self.process.pid)

    def stop(self):
        self.run.processes.stop(self.process)
        self.process.stdout.close()


def measure_warm(run, nodes):
    """Operations that the credential cache can answer, in turns with a bare handler."""
    operations = {
        "verify": ("/apikeys/verify", "POST", lambda node: (node.prepared.verify_body(), None)),
        "me": ("/users/me", "GET", lambda node: (None, node.prepared.token)),
    }
    for name, (path, method, inputs) in operations.items():
        scripts = {kind: run.scripts.constant(method, *inputs(node)) for kind, node in nodes.items()}
        body, token = inputs(nodes["postgres"])
        size = len(send(nodes["postgres"].service.api + path, method, json.loads(body) if body else None, token))
        run.values[f"body_bytes/{name}"] = size
        bare = BareHandler(run, size)
        for _ in run.turns():
            run.add(f"warm/{name}/bare", run.loads.wrk(bare.meters, bare.url, scripts["postgres"]))
            for kind, node in nodes.items():
                run.add(f"warm/{name}/{kind}", run.loads.wrk(run.meters(node), node.service.api + path, scripts[kind]))
        bare.stop()


def measure_lists(run, nodes):
    """Reads and lists that read the database, on one database in turns with the other."""
    operations = {
        "members": lambda it: f"/orgs/{it.organization}/members?limit={MEMBERS}",
        "items": lambda it: f"/apps/{it.application}/inventory?limit=50",
        "organization": lambda it: f"/orgs/{it.organization}",
        "application": lambda it: f"/apps/{it.application}",
        "keys": lambda it: f"/apps/{it.application}/apikeys",
        "sessions": lambda it: "/users/me/sessions",
    }
    listed = nodes["sqlite"].service.call(
        operations["members"](nodes["sqlite"].prepared), token=nodes["sqlite"].prepared.token
    )
    if len(listed) != MEMBERS:
        raise BenchError(f"the list has {len(listed)} members, not {MEMBERS}")
    for name, path in operations.items():
        for _ in run.turns():
            for kind, node in nodes.items():
                script = run.scripts.constant(token=node.prepared.token)
                sample = run.loads.wrk(run.meters(node), node.service.api + path(node.prepared), script)
                run.add(f"lists/{name}/{kind}", sample)


# The statement of the service, with its columns. It is the same in the log of PostgreSQL with log_statement = 'all'.
UPSERT = """\\set number random(1, :items)
\\set quantity random(1, 1000)
UPDATE items SET quantity = :quantity, version = items.version + 1, updated_at = now()
 WHERE application_id = '{application}' AND sku = 'item-' || :number
 AND EXISTS (SELECT 1 FROM applications WHERE id = '{application}' AND deleted_at IS NULL)
 RETURNING id, application_id, sku, name, description, quantity, metadata, version, created_at, updated_at;
"""


def measure_writes(run, nodes):
    """Changes of existing items, in turns with pgbench."""
    postgres = nodes["postgres"]
    file = run.directory / "upsert.sql"
    file.write_text(UPSERT.format(application=postgres.prepared.application))
    for _ in run.turns():
        sample = run.loads.pgbench(run.cluster, postgres.database, file, "-D", f"items={ITEMS}")
        run.add("writes/inventory/pgbench", sample)
        for kind, node in nodes.items():
            script = run.scripts.items(ITEMS, node.prepared.token)
            url = f"{node.service.api}/apps/{node.prepared.application}/inventory"
            run.add(f"writes/inventory/{kind}", run.loads.wrk(run.meters(node), url, script))


def measure_tokens(run, nodes):
    """Operations with signatures, password hashes and new keys."""
    for _ in run.turns():
        run.add("tokens/rs256/baseline", run.loads.baseline("rs256", run.settings.seconds))
        for kind, node in nodes.items():
            measure_exchange(run, kind, node)
    paths = run.directory / "paths.txt"
    paths.write_text("".join(f"/api/v1/apps/{dashed(identifier(5, n))}/apikeys\n" for n in range(SPARE_APPLICATIONS)))
    for _ in run.turns():
        for kind, node in nodes.items():
            script = run.scripts.paths(paths, '{"description":"benchmark"}', node.prepared.token)
            run.add(f"tokens/key/{kind}", run.loads.wrk(run.meters(node), node.service.url, script))
            script = run.scripts.once(paths, '{"description":"benchmark"}', node.prepared.token)
            run.add(f"tokens/key-once/{kind}", run.loads.wrk(run.meters(node), node.service.url, script))
    for _ in run.turns():
        run.add("tokens/recover/baseline", run.loads.baseline("recover", run.settings.seconds))
        for kind, node in nodes.items():
            command = ("wallets", node.service.url, 8, run.settings.seconds)
            run.add(f"tokens/wallet/{kind}", run.loads.baseline(*command, meters=run.meters(node)))
    for _ in run.turns():
        run.add("tokens/p256/baseline", run.loads.baseline("p256", run.settings.seconds))
        for kind, node in nodes.items():
            command = ("passkeys", node.service.url, 8, run.settings.seconds)
            run.add(f"tokens/passkey/{kind}", run.loads.baseline(*command, meters=run.meters(node)))
    for _ in run.turns():
        run.add("tokens/argon2/baseline", run.loads.baseline("argon2", run.settings.seconds))
        for kind, node in nodes.items():
            url = f"{node.service.api}/auth/login"
            run.add(f"tokens/login/{kind}", run.loads.wrk(run.meters(node), url, login_script(run), connections=8))
    for kind, node in nodes.items():
        run.values[f"loaded_mib/{kind}"] = resident_mib(node.service.pid)


def measure_exchange(run, kind, node):
    prepared = node.prepared
    body = json.dumps({"organization_id": prepared.organization, "audience": prepared.application})
    script = run.scripts.constant("POST", body, prepared.token)
    url = f"{node.service.api}/auth/token/exchange"
    run.add(f"tokens/exchange/{kind}", run.loads.wrk(run.meters(node), url, script))


def dashed(digits):
    return "-".join(digits[start:end] for start, end in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))


def login_script(run):
    return run.scripts.constant("POST", json.dumps({"email": "login@example.com", "password": PASSWORD}))


# Fewer than the live sessions that a user may have.
REFRESHED_SESSIONS, REFRESHING_CONNECTIONS = 64, 16


def measure_sessions(run, nodes):
    """First uses of refresh tokens, each session in one request at a time, in turns with `GET /users/me`."""
    for turn in run.turns():
        for kind, node in nodes.items():
            api = node.service.api
            account = {"email": "login@example.com", "password": PASSWORD, "refresh": True}
            logins = [node.service.call("/auth/login", "POST", account) for _ in range(REFRESHED_SESSIONS)]
            file = run.directory / f"refresh-{kind}-{turn}.txt"
            file.write_text("".join(login["refresh_token"] + "\n" for login in logins))
            for name, url, script in (
                ("refresh", f"{api}/auth/refresh", run.scripts.refresh(file)),
                ("me", f"{api}/users/me", run.scripts.constant(token=logins[0]["token"])),
            ):
                sample = run.loads.wrk(run.meters(node), url, script, connections=REFRESHING_CONNECTIONS)
                run.add(f"sessions/{name}/{kind}", sample)


def measure_flood(run, nodes):
    """Verification at a fixed rate, with a saturating flood of sign-ins and without, in turns."""
    for kind, node in nodes.items():
        script = run.scripts.constant("POST", node.prepared.verify_body())
        url = f"{node.service.api}/apikeys/verify"
        run.add(f"flood/closed/{kind}", run.loads.wrk(run.meters(node), url, script))
        rate = round_rate(run.rate(f"flood/closed/{kind}") / 4)
        run.values[f"flood_rate/{kind}"] = rate
        arguments = ("-d", node.prepared.verify_body())
        for _ in run.turns():
            run.add(f"flood/without/{kind}", run.loads.oha(run.meters(node), url, rate, arguments))
            flood = run.loads.flood(node.service, login_script(run), connections=32)
            run.add(f"flood/during/{kind}", run.loads.oha(run.meters(node), url, rate, arguments))
            run.add(f"flood/logins/{kind}", run.loads.end_flood(flood))


def measure_telemetry(run, nodes):
    """Verification with metrics, with 1 % of the traces sampled, and without both, in turns."""
    collector = Collector()
    variants = {
        "without": {},
        "metrics": {"metrics_listen": "127.0.0.1:0"},
        "traces": {
            "otel_exporter_otlp_endpoint": collector.url,
            "otel_traces_sampler": "traceidratio",
            "otel_traces_sampler_arg": "0.01",
        },
    }
    for _ in run.turns():
        for kind, node in nodes.items():
            for name, settings in variants.items():
                # A process at a time: on SQLite, no other one can serve the database.
                node.start(**settings)
                script = run.scripts.constant("POST", node.prepared.verify_body())
                sample = run.loads.wrk(run.meters(node), f"{node.service.api}/apikeys/verify", script)
                run.add(f"telemetry/{name}/{kind}", sample)
    for node in nodes.values():
        node.start()
    collector.stop()
    if not collector.exports:
        raise BenchError("no spans were exported")


def measure_scan(run, _nodes):
    """The scanner for leaked keys, in turns with `cat`, on one GiB that the system has in memory."""
    file = run.directory / "scanned"
    line = b"2026-01-01T00:00:00Z INFO request method=GET path=/api/v1/users/me status=200 micros=431 id=01a2b3c4d5e6\n"
    block = line * (1 << 13)
    size = 0
    with open(file, "wb") as out:
        while size < 1 << 30:
            size += out.write(block)
    run.values["scan_bytes"] = size
    commands = {"cat": ["cat", file], "scan": [run.settings.binary, "keys", "scan", file]}
    for _ in run.turns():
        for name, command in commands.items():
            run.add(f"scan/{name}", scan_sample(run, command, size))
    file.unlink()


def scan_sample(run, command, size):
    with open("/dev/null", "w") as nothing:
        process, seconds = timed(lambda: wait(run, run.processes.start(command, stdout=nothing, stderr=nothing)))
    if process.returncode != 0:
        raise BenchError(f"{command[0]} failed with {process.returncode}")
    return Sample(size, seconds)


def wait(run, process):
    try:
        process.wait(300)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{process.args[0]} took more than 300 s") from error
    finally:
        run.processes.stop(process)
    return process


MEASUREMENTS = {
    "node": measure_node,
    "warm": measure_warm,
    "lists": measure_lists,
    "writes": measure_writes,
    "tokens": measure_tokens,
    "sessions": measure_sessions,
    "flood": measure_flood,
    "telemetry": measure_telemetry,
    "scan": measure_scan,
}
