"""A running service, and requests to it."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from select import select

from processes import poll
from settings import PASSWORD, BenchError

SETTINGS = {
    "TESSERA_LISTEN": "127.0.0.1:0",
    "TESSERA_LOG": "warn",
    # Constant, so that a token is valid after a restart on another port.
    "TESSERA_PUBLIC_URL": "http://localhost:8080",
    "TESSERA_MASTER_KEY": "0123456789abcdef" * 4,
    # One client sends all requests of the run.
    "TESSERA_THROTTLE": "off",
    "TESSERA_QUOTA_ACTIVE_KEYS": "1000000000",
    "TESSERA_QUOTA_ORGANIZATION_KEYS": "1000000000",
}
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def send(url, method="GET", body=None, token=None):
    """Sends a request and returns the response body as bytes. A status other than 2xx is an error."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data, headers=headers)
    try:
        with OPENER.open(request, timeout=30) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        raise BenchError(f"{method} {url} returned {error.code}: {error.read().decode(errors='replace')}") from error


def variables(settings):
    """The variables of settings. Those of traces have no prefix of the service."""
    prefixed = {name: name.upper() if name.startswith("otel_") else f"TESSERA_{name.upper()}" for name in settings}
    return {prefixed[name]: str(value) for name, value in settings.items()}


class Service:
    def __init__(self, processes, binary, directory, database, **settings):
        self.processes, self.binary, self.directory, self.database = processes, binary, directory, database
        self.settings = variables(settings)
        directory.mkdir(exist_ok=True)
        self.process = None

    def start(self):
        """Starts the process. Returns the seconds until it was ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("TESSERA_", "OTEL_"))}
        environment |= SETTINGS | self.settings | {"TESSERA_DATABASE_URL": self.database}
        with open(self.directory / "log", "a") as log:
            begun = time.monotonic()
            self.process = self.processes.start(
                [self.binary], cwd=self.directory, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.url = self._ready_url()
        self.api = f"{self.url}/api/v1"
        send(f"{self.url}/health/ready")
        return time.monotonic() - begun

    def _ready_url(self):
        """The address in the line that the service prints when it is ready."""
        if select([self.process.stdout], [], [], 60)[0]:
            line = self.process.stdout.readline()
            if line.startswith("Tessera is ready: "):
                return line.split()[3]
        raise BenchError(f"the service did not start:\n{(self.directory / 'log').read_text()[-2000:]}")

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.processes.stop(self.process)
        self.process.stdout.close()

    def call(self, path, method="GET", body=None, token=None):
        return json.loads(send(self.api + path, method, body, token) or "null")

    def sign_in(self, email):
        account = {"email": email, "password": PASSWORD}
        return self.call("/auth/login", "POST", account)["token"]

    def register(self, email):
        return self.call("/auth/register", "POST", {"email": email, "password": PASSWORD})


class Prepared:
    """An owner with an organization, an application and a key."""

    def __init__(self, service):
        service.register("owner@example.com")
        # Sign-ins are measured with a user of their own, because a user has a maximum number of sessions.
        service.register("login@example.com")
        self.token = token = service.sign_in("owner@example.com")
        self.user = service.call("/users/me", token=token)["id"]
        self.organization = service.call("/orgs", "POST", {"name": "Benchmark"}, token)["id"]
        self.application = service.call(f"/orgs/{self.organization}/apps", "POST", {"name": "Benchmark"}, token)["id"]
        key = {"description": "benchmark", "permissions": ["event:record"]}
        self.key = service.call(f"/apps/{self.application}/apikeys", "POST", key, token)["raw_key"]

    def verify_body(self, key=None):
        return json.dumps({"key": key or self.key, "permission": "event:record"}, separators=(",", ":"))


def check_keys(service, keys):
    """Fails unless the service accepts these keys. A load tool sees only the status, which is 200 for an unknown key too."""
    for key in keys:
        result = service.call("/apikeys/verify", "POST", {"key": key, "permission": "event:record"})
        if result.get("valid") is not True:
            raise BenchError(f"a seeded key is not valid: {result.get('code')}")


def largest_memory(service, read, seconds):
    """The largest resident memory in the next seconds."""
    readings = []
    end = time.monotonic() + seconds

    def sample():
        readings.append(read(service.pid))
        return time.monotonic() >= end

    poll(seconds + 10, "the memory of the service", sample, interval=0.1)
    return max(readings)
