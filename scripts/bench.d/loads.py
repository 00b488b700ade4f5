"""Load tools. Each returns a sample: requests, seconds, processor seconds and latencies."""

import json
import re
import time
from dataclasses import asdict, dataclass, field

from processes import poll, processor_seconds
from settings import CONNECTIONS, BenchError


@dataclass
class Sample:
    requests: int
    seconds: float
    # Processor seconds of the service, of PostgreSQL, or of a client that takes the place of the service.
    processor: dict = field(default_factory=dict)
    # Milliseconds by percentile.
    latency: dict = field(default_factory=dict)

    def record(self):
        return asdict(self)


class Meters:
    """Reads the processor time of the service and of PostgreSQL."""

    def __init__(self, service=None, cluster=None, pid=None):
        self.readers = {}
        if service or pid:
            self.readers["service"] = lambda: processor_seconds(pid or service.pid)
        if cluster:
            self.readers["postgres"] = cluster.processor_seconds

    def read(self):
        return {name: reader() for name, reader in self.readers.items()}

    def since(self, before):
        return {name: value - before[name] for name, value in self.read().items()}


LUA_CONSTANT = """wrk.method = "%(method)s"
wrk.body = %(body)s
"""

# A body from a file for each request. With several threads, each would send all of them.
LUA_LINES = """local bodies = {}
for line in io.lines("%(file)s") do bodies[#bodies + 1] = line end
local next = 0
wrk.method = "POST"
request = function()
  next = next %% #bodies + 1
  return wrk.format(nil, nil, nil, bodies[next])
end
"""

# An item of the inventory at random.
LUA_ITEMS = """wrk.method = "POST"
request = function()
  local number, quantity = math.random(%(items)d), math.random(1000)
  return wrk.format(nil, nil, nil, string.format([[{"sku":"item-%%d","quantity":%%d}]], number, quantity))
end
"""

# A path at random.
LUA_PATHS = """local paths = {}
for line in io.lines("%(file)s") do paths[#paths + 1] = line end
wrk.method = "POST"
wrk.body = %(body)s
request = function() return wrk.format(nil, paths[math.random(#paths)]) end
"""

# A refresh token for each request in flight, and the next one from its response.
LUA_REFRESH = """local tokens = {}
for line in io.lines("%(file)s") do tokens[#tokens + 1] = line end
wrk.method = "POST"
request = function() return wrk.format(nil, nil, nil, '{"refresh_token":"' .. table.remove(tokens) .. '"}') end
response = function(_, _, body) tokens[#tokens + 1] = body:match('"refresh_token":"([^"]+)"') end
"""


class Scripts:
    """Writes the scripts of wrk."""

    def __init__(self, directory):
        self.directory, self.count = directory, 0

    def _write(self, text, token=None):
        self.count += 1
        path = self.directory / f"load-{self.count}.lua"
        headers = 'wrk.headers["Content-Type"] = "application/json"\n'
        if token:
            headers += f'wrk.headers["Authorization"] = "Bearer {token}"\n'
        path.write_text(headers + text)
        return path

    def constant(self, method="GET", body=None, token=None):
        return self._write(LUA_CONSTANT % {"method": method, "body": f"[[{body}]]" if body else "nil"}, token)

    def lines(self, file):
        return self._write(LUA_LINES % {"file": file})

    def refresh(self, file):
        return self._write(LUA_REFRESH % {"file": file})

    def items(self, items, token):
        return self._write(LUA_ITEMS % {"items": items}, token)

    def paths(self, file, body, token):
        return self._write(LUA_PATHS % {"file": file, "body": f"[[{body}]]"}, token)


class Loads:
    def __init__(self, settings, processes):
        self.settings, self.processes = settings, processes

    def _wrk_command(self, url, script, connections, seconds):
        return ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency", "-s", script, url]

    def wrk(self, meters, url, script, connections=CONNECTIONS):
        """A closed loop: each connection sends its next request after the response to the previous one."""
        before = meters.read()
        command = self._wrk_command(url, script, connections, self.settings.seconds)
        output, _ = self.processes.run(command, self.settings.seconds + 60)
        return wrk_sample(output, url, meters.since(before))

    def flood(self, service, script, connections):
        """Starts a closed loop that lasts until it is stopped, and waits until the service works on it."""
        command = self._wrk_command(f"{service.api}/auth/login", script, connections, 600)
        file = open(service.directory / "flood", "w+")
        process = self.processes.start(command, stdout=file, stderr=file)
        begun = processor_seconds(service.pid)
        poll(60, "the login flood", lambda: processor_seconds(service.pid) - begun > 0.5)
        return process, file

    def end_flood(self, flood):
        """Stops the loop. wrk prints its results after SIGINT."""
        process, file = flood
        if process.poll() is not None:
            raise BenchError("the login flood ended too early")
        self.processes.stop(process, 2)
        file.seek(0)
        with file:
            return wrk_sample(file.read(), "the login flood", {})

    def oha(self, meters, url, rate, arguments):
        """An open loop: requests are sent at a fixed rate. The latency includes the time that a request was late."""
        command = [self.settings.oha, "--no-tui", "--output-format", "json", "-q", str(rate), "-c", str(CONNECTIONS)]
        command += [
            "-z",
            f"{self.settings.seconds}s",
            "-w",
            "--latency-correction",
            "-m",
            "POST",
            "-T",
            "application/json",
        ]
        before = meters.read()
        output, _ = self.processes.run([*command, *arguments, url], self.settings.seconds + 60)
        return oha_sample(output, url, meters.since(before))

    def pgbench(self, cluster, database, script, *arguments):
        """A closed loop of prepared statements. Its own processor time takes the place of the service's."""
        backends, before = cluster.backends(), cluster.processor_seconds()
        command = [
            cluster.bin / "pgbench",
            "-n",
            "-M",
            "prepared",
            "-c",
            CONNECTIONS,
            "-j",
            1,
            "-T",
            self.settings.seconds,
        ]
        output, used = self.processes.run(
            [*command, "-f", script, *arguments, cluster.url(database)], self.settings.seconds + 60
        )
        # The processor time of a connection's process counts after its end.
        poll(10, "the end of the connections of pgbench", lambda: cluster.backends() <= backends)
        return pgbench_sample(output, {"service": used, "postgres": cluster.processor_seconds() - before})

    def baseline(self, *arguments, meters=None):
        """One of the measurements of crates/server/benches/baseline.rs."""
        meters = meters or Meters()
        before = meters.read()
        output, _ = self.processes.run([self.settings.baseline, *map(str, arguments)], self.settings.seconds + 120)
        done, seconds, used = output.split()
        processor = meters.since(before) or {"service": float(used)}
        return Sample(int(done), float(seconds), processor)


UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


def wrk_sample(output, what, processor):
    for fault in ("Non-2xx", "Socket errors"):
        if fault in output:
            raise BenchError(f"some responses of {what} are missing or not 2xx:\n{output}")
    done = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", output)
    if not done or int(done[1]) == 0:
        raise BenchError(f"{what} returned no response:\n{output}")
    found = re.findall(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s|m)$", output, re.MULTILINE)
    latency = {f"p{percent}": float(value) * UNITS[unit] for percent, value, unit in found}
    return Sample(int(done[1]), float(done[2]) * UNITS[done[3]] / 1000, processor, latency)


def oha_sample(output, what, processor):
    try:
        result = json.loads(output)
    except ValueError as error:
        raise BenchError(f"oha printed no JSON for {what}:\n{output[-2000:]}") from error
    statuses, errors = result["statusCodeDistribution"], result["errorDistribution"]
    if not statuses or errors or any(not status.startswith("2") for status in statuses):
        raise BenchError(f"some responses of {what} are missing or not 2xx: {statuses} {errors}")
    percentiles = result["latencyPercentiles"]
    latency = {name: value * 1000 for name, value in percentiles.items() if value is not None}
    return Sample(sum(statuses.values()), result["summary"]["total"], processor, latency)


def pgbench_sample(output, processor):
    done = re.search(r"number of transactions actually processed: (\d+)", output)
    rate = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
    failed = re.search(r"number of failed transactions: (\d+)", output)
    if not done or not rate or int(done[1]) == 0 or (failed and int(failed[1])):
        raise BenchError(f"pgbench failed:\n{output}")
    latency = re.search(r"latency average = ([\d.]+) ms", output)
    return Sample(int(done[1]), int(done[1]) / float(rate[1]), processor, {"mean": float(latency[1])})


def timed(call):
    begun = time.monotonic()
    result = call()
    return result, time.monotonic() - begun
