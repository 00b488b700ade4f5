"""Writes the results of a complete run into docs/performance.md."""

import re

from report import tables
from settings import BenchError
from targets import targets

UNWRITTEN = "to be written"


def publish(results, root):
    missing = [target.name for target in targets(results) if target.held is None]
    if missing:
        raise BenchError(f"only a complete run can be published; not measured: {', '.join(missing)}")
    from plots import draw

    document = root / "docs" / "performance.md"
    text = document.read_text()
    for title, body in tables(results).items():
        text = replace(text, title.lower().split(",")[0].replace(" ", "-"), body)
    text = replace(text, "missed", missed(results, text))
    document.write_text(text)
    draw(results, root / "docs" / "images")


def markers(name):
    return f"<!-- begin: {name} -->", f"<!-- end: {name} -->"


def between(text, name):
    begin, end = markers(name)
    found = re.search(f"{re.escape(begin)}\n(.*?){re.escape(end)}", text, re.DOTALL)
    if not found:
        raise BenchError(f"docs/performance.md has no lines {begin} and {end}")
    return found


def replace(text, name, body):
    begin, end = markers(name)
    found = between(text, name)
    return f"{text[: found.start()]}{begin}\n\n{body}\n\n{end}{text[found.end() :]}"


def missed(results, text):
    """A row for each missed target. The explanation of a target that is still missed is kept."""
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", between(text, "missed")[1], re.MULTILINE)
    known = dict(rows)
    names = [target.name for target in targets(results) if not target.held]
    if not names:
        return "All targets are held."
    lines = [f"| {name} | {known.get(name, UNWRITTEN)} |" for name in names]
    return "\n".join(["| target | what was tried, and what the limit is |", "| --- | --- |", *lines])
