"""Clients of scripts/upgrade-test. Standard input has the names of the phases, one a line; its end stops the clients.

Arguments: host and port, the id of an application, a key of it, and the number of clients. Each client keeps its connection and
verifies keys; every fourth request creates an item. It never repeats a request. Prints a table, and ends with 1 if a request has failed.
"""

import http.client
import json
import sys
import threading
import time

PAUSE = 0.02

authority, app, key, clients = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
phase = ""
stopped = threading.Event()
# For each phase: the seconds of each request, and the failures.
results: dict[str, tuple[list[float], list[str]]] = {}


def send(connection: http.client.HTTPConnection, client: int, number: int) -> str | None:
    """Sends one request. Returns what went wrong."""
    if number % 4:
        path, expected = "/api/v1/apikeys/verify", 200
        body = {"key": key}
    else:
        path, expected = f"/api/v1/apps/{app}/inventory", 201
        body = {"sku": f"client-{client}-{number}"}
    headers = {"Content-Type": "application/json", "X-API-Key": key}
    connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    if response.status != expected:
        return f"{path}: {response.status} {text[:200]!r}"
    if expected == 200 and json.loads(text)["code"] != "valid":
        return f"{path}: {text[:200]!r}"
    return None


def run(client: int) -> None:
    connection = http.client.HTTPConnection(authority, timeout=30)
    number = 0
    while not stopped.wait(PAUSE):
        number += 1
        durations, failures = results[phase]
        start = time.monotonic()
        try:
            failure = send(connection, client, number)
        except (OSError, http.client.HTTPException) as error:
            failure = repr(error)
            connection.close()
        durations.append(time.monotonic() - start)
        if failure:
            failures.append(failure)


def main() -> int:
    global phase
    threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
    for line in sys.stdin:
        results[line.strip()] = ([], [])
        phase = line.strip()
        if len(results) == 1:
            for thread in threads:
                thread.start()
    stopped.set()
    for thread in threads:
        thread.join()
    print("| phase | requests | failed | median ms | p99 ms | longest ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, (durations, failures) in results.items():
        durations.sort()
        median, high, longest = (1000 * durations[int(len(durations) * share)] for share in (0.5, 0.99, 0.999999))
        print(f"| {name} | {len(durations)} | {len(failures)} | {median:.1f} | {high:.1f} | {longest:.1f} |")
    for _, failures in results.values():
        for failure in failures[:10]:
            print(failure, file=sys.stderr)
    return int(any(failures for _, failures in results.values()))


sys.exit(main())
