"""Plots of a run as SVG."""

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402
from report import PERCENTILES  # noqa: E402
from targets import NAMES, READS, SERVICE  # noqa: E402

BARE, COLORS = "#8a8a8a", {"sqlite": "#2f6fb3", "postgres": "#c4622d"}
OPTIONS = {
    # Text stays text: small files, and the fonts of the reader.
    "svg.fonttype": "none",
    # The same figures give the same file.
    "svg.hashsalt": "tessera",
    "font.size": 10,
    # On white in both schemes of a reader: the text is dark.
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(results, directory):
    directory.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(OPTIONS):
        for name, plot in (("throughput", throughput), ("processor", processor), ("latency", latency)):
            figure = plot(results)
            file = directory / f"performance-{name}.svg"
            figure.savefig(file, metadata={"Date": None}, bbox_inches="tight")
            pyplot.close(figure)
            # matplotlib ends some lines with a space.
            file.write_text("".join(f"{line.rstrip()}\n" for line in file.read_text().splitlines()))


def throughput(results):
    """Requests per second of processor time, beside their baselines."""
    groups = {
        "verify, in the cache": ("warm/verify/bare", "warm/verify/{}", SERVICE),
        "GET /users/me": ("warm/me/bare", "warm/me/{}", SERVICE),
        "verify, each key once": ("cold/select/pgbench", "cold/verify/{}", ("service", "postgres")),
        "change an item": ("writes/inventory/pgbench", "writes/inventory/{}", ("service", "postgres")),
    }
    figure, axes = pyplot.subplots(figsize=(7.5, 3.8))
    for index, (baseline, series, kinds) in enumerate(groups.values()):
        bars = [(baseline, BARE), *((series.format(kind), color) for kind, color in COLORS.items())]
        for offset, (name, color) in enumerate(bars):
            value = results.per_cpu(name, kinds)
            axes.bar(index + (offset - 1) * 0.27, value / 1000, 0.25, color=color)
    axes.set_xticks(range(len(groups)), groups)
    axes.set_ylabel("thousand requests per CPU-second")
    legend(axes, {"baseline: bare handler, pgbench": BARE} | {NAMES[kind]: color for kind, color in COLORS.items()})
    return figure


def processor(results):
    """Processor time of one request, of the service and of PostgreSQL."""
    texts = {f"lists/{key}/{{}}": text for key, text in READS.items()}
    texts |= {
        "warm/me/{}": "GET /users/me",
        "cold/verify/{}": "verify, each key once",
        "writes/inventory/{}": "change an item",
    }
    texts |= {
        "tokens/exchange/{}": "token exchange",
        "tokens/key/{}": "create a key",
        "tokens/wallet/{}": "sign in with a wallet",
    }
    figure, axes = pyplot.subplots(figsize=(7.5, 5.5))
    for index, series in enumerate(texts):
        for offset, (kind, color) in enumerate(COLORS.items()):
            name, place = series.format(kind), index + (offset - 0.5) * 0.38
            own, other = results.cpu_ms(name, SERVICE), results.cpu_ms(name, ("postgres",))
            axes.barh(place, own, 0.36, color=color)
            axes.barh(place, other, 0.36, left=own, color=color, alpha=0.4)
    axes.set_yticks(range(len(texts)), texts.values())
    axes.invert_yaxis()
    axes.set_xlabel("processor time of one operation, ms")
    legend(
        axes,
        {
            "service on SQLite": COLORS["sqlite"],
            "service on PostgreSQL": COLORS["postgres"],
            "PostgreSQL itself": ("#c4622d", 0.4),
        },
    )
    return figure


def latency(results):
    """Percentiles at a fixed rate, for each pair of conditions."""
    figure, (flood, size) = pyplot.subplots(1, 2, figsize=(9, 3.8), sharey=True)
    curves(results, flood, {"flood/without/{}": ("without", "-"), "flood/during/{}": ("during", "--")})
    curves(
        results, size, {"size/open-small/{}": ("10 thousand keys", "-"), "size/open-large/{}": ("large database", "--")}
    )
    flood.set_title("during a login flood and without", fontsize=10)
    size.set_title("by number of keys, without the cache", fontsize=10)
    flood.set_ylabel("latency of a verification, ms")
    return figure


def curves(results, axes, series):
    for pattern, (text, style) in series.items():
        for kind, color in COLORS.items():
            values = [results.latency(pattern.format(kind), percentile) for percentile in PERCENTILES]
            axes.plot(PERCENTILES, values, style, marker="o", markersize=3, color=color, label=f"{NAMES[kind]}, {text}")
    axes.set_yscale("log")
    axes.set_xlabel("percentile of the requests")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.tick_params(axis="y", which="minor", labelsize=7)
    axes.grid(axis="y", linewidth=0.4)
    axes.legend(frameon=False, fontsize=8)


def legend(axes, entries):
    handles = []
    for color in entries.values():
        shade, alpha = color if isinstance(color, tuple) else (color, 1)
        handles.append(pyplot.Rectangle((0, 0), 1, 1, color=shade, alpha=alpha))
    axes.legend(handles, entries, frameon=False)
