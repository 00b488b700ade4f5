"""Starting and stopping processes, and reading their processor time."""

import os
import signal
import subprocess
import time
from pathlib import Path
from threading import Timer

from settings import BenchError

TICKS = os.sysconf("SC_CLK_TCK")


class Processes:
    """All processes of the run. Ends exactly those that it started, by their process id."""

    def __init__(self):
        self.running = []

    def start(self, command, **options):
        # A group of its own: Ctrl-C reaches this program only, which then stops the others in order.
        process = subprocess.Popen([str(part) for part in command], start_new_session=True, **options)
        self.running.append(process)
        return process

    def stop(self, process, kind=signal.SIGTERM, seconds=15):
        """Ends a process that may have ended already."""
        for attempt in (kind, signal.SIGKILL):
            if process.poll() is None:
                process.send_signal(attempt)
            try:
                process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        if process in self.running:
            self.running.remove(process)

    def stop_all(self):
        for process in reversed(list(self.running)):
            # PostgreSQL ends its connections at once on SIGINT, and waits for clients on SIGTERM.
            postgres = Path(str(process.args[0])).name == "postgres"
            self.stop(process, signal.SIGINT if postgres else signal.SIGTERM)

    def run(self, command, seconds, **options):
        """Runs a program to its end. Returns its output and its processor time in seconds."""
        process = self.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
        watch = kill_after(process, seconds)
        try:
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            watch.cancel()
            self.stop(process)
            process.stdout.close()
        if process.returncode != 0:
            raise BenchError(
                f"{Path(str(command[0])).name} failed with {process.returncode}:\n{output.strip()[-2000:]}"
            )
        return output, usage.ru_utime + usage.ru_stime


def kill_after(process, seconds):
    """Ends the process after that time, so that a program that hangs does not stop the run. Returns a timer to cancel."""
    timer = Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    return timer


def poll(seconds, what, ready, interval=0.01):
    """Calls `ready` until it returns a true value, and returns that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = ready()
        if value:
            return value
        time.sleep(interval)
    raise BenchError(f"after {seconds} s still waiting for {what}")


def stat_fields(pid):
    """The fields of /proc/PID/stat from the state on, or None if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def processor_seconds(pid):
    """User and system time of a process."""
    fields = stat_fields(pid)
    if fields is None:
        raise BenchError(f"process {pid} ended during a measurement")
    return (int(fields[11]) + int(fields[12])) / TICKS


def children(pid):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = stat_fields(entry)
            if fields and int(fields[1]) == pid:
                found.append((int(entry), fields))
    return found


def family_seconds(pid):
    """User and system time of a process, of its children, and of its children that have ended."""
    own = stat_fields(pid)
    if own is None:
        raise BenchError(f"process {pid} ended during a measurement")
    ticks = sum(int(field) for field in own[11:15])
    ticks += sum(int(field) for _, fields in children(pid) for field in fields[11:13])
    return ticks / TICKS


def resident_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise BenchError(f"process {pid} has no VmRSS")
