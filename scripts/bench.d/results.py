"""Figures from the samples of a run."""

from dataclasses import dataclass


class Results:
    def __init__(self, document):
        self.samples, self.values, self.machine = document["samples"], document["values"], document["machine"]

    def has(self, *series):
        return all(name in self.samples for name in series)

    def mean(self, series, figure):
        figures = [figure(sample) for sample in self.samples[series]]
        return sum(figures) / len(figures)

    def rate(self, series):
        """Requests per second."""
        return self.mean(series, lambda sample: sample["requests"] / sample["seconds"])

    def per_cpu(self, series, kinds=("service", "postgres")):
        """Requests per second of processor time. A reading has a resolution of 10 ms."""
        return self.mean(series, lambda sample: sample["requests"] / max(seconds_of(sample, kinds), 0.01))

    def cpu_ms(self, series, kinds=("service", "postgres")):
        """Milliseconds of processor time for one request."""
        return self.mean(series, lambda sample: 1000 * seconds_of(sample, kinds) / sample["requests"])

    def latency(self, series, percentile):
        """Milliseconds, or None."""
        if any(percentile not in sample["latency"] for sample in self.samples[series]):
            return None
        return self.mean(series, lambda sample: sample["latency"][percentile])

    def value(self, name):
        value = self.values[name]
        return sum(value) / len(value) if isinstance(value, list) else value


def seconds_of(sample, kinds):
    return sum(sample["processor"].get(kind, 0) for kind in kinds)


@dataclass
class Target:
    """`figure` is None if the part was not measured."""

    name: str
    sign: str
    limit: float
    figure: float | None
    unit: str = ""

    @property
    def held(self):
        if self.figure is None:
            return None
        return self.figure >= self.limit if self.sign == "≥" else self.figure <= self.limit

    @property
    def verdict(self):
        return {None: "not measured", True: "yes", False: "**no**"}[self.held]

    def cells(self):
        unit = f" {self.unit}" if self.unit else ""
        figure = "–" if self.figure is None else f"{number(self.figure)}{unit}"
        return self.name, f"{self.sign} {self.limit:g}{unit}", figure, self.verdict


def number(value):
    """Three significant digits, and whole numbers from a hundred on."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.3f}".rstrip("0").rstrip(".") or "0"
