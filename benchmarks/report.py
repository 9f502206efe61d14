"""The report: figures as Markdown tables."""

from collections.abc import Iterable, Mapping, Sequence

from .contenders import FACADE
from .growth import Point, Span
from .measuring import Figures
from .scenarios import SCENARIOS, Scenario

# Below this share of its core a contender waited for the load, or for the upstream.
_BUSY = 0.9


def figure(value: float) -> str:
    """A number with as many digits as mean something."""
    for least, digits in ((100, 0), (10, 1), (1, 2)):
        if value >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:" for _ in head[1:]]], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _named(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


def _by_scenario(figures: Iterable[Figures]) -> dict[Scenario, dict[str, Figures]]:
    found: dict[Scenario, dict[str, Figures]] = {}
    for each in figures:
        found.setdefault(_named(each.scenario), {})[each.contender] = each
    return found


def overview(figures: Sequence[Figures]) -> str:
    """CPU milliseconds an operation, a row a scenario, a column a contender."""
    names = list(dict.fromkeys(each.contender for each in figures))
    rows = []
    for scenario, found in _by_scenario(figures).items():
        peers = [each.cpu for name, each in found.items() if name != FACADE.name]
        ours = found.get(FACADE.name)
        rows.append(
            [
                scenario.title,
                *(figure(found[name].cpu) if name in found else "" for name in names),
                f"{min(peers) / ours.cpu:.1f}x" if ours and peers else "",
                "" if scenario.budget is None else figure(scenario.budget),
            ]
        )
    head = ["CPU ms an operation", *names, "best peer / ours", "ours should reach"]
    return table(head, rows)


def details(figures: Sequence[Figures]) -> str:
    """Everything that was measured, a table a scenario."""
    head = [
        "",
        *("CPU ms", "from - to", "requests/s", "p50 ms", "p99 ms"),
        *("upstream requests", "peak MiB"),
    ]
    parts = []
    for scenario, found in _by_scenario(figures).items():
        rows = [
            [
                name,
                figure(each.cpu),
                f"{figure(each.least_cpu)} - {figure(each.most_cpu)}",
                figure(each.rate) + ("" if each.busy >= _BUSY else " *"),
                figure(each.p50),
                figure(each.p99),
                figure(each.requests),
                figure(each.peak_memory),
            ]
            for name, each in found.items()
        ]
        wanted = scenario.late_budget
        title = scenario.title + (f" (p50 of ours should reach {wanted:g} ms)" if wanted else "")
        parts.append(f"### {title[0].upper()}{title[1:]}\n\n{table(head, rows)}")
    note = "\n`*` the server waited for the load or the upstream: it could have answered more.\n"
    return "\n".join(parts) + note


def means(figures: Sequence[Figures]) -> str:
    """What the facade needs without each of its means, beside what it needs with all."""
    rows = []
    for scenario, found in _by_scenario(figures).items():
        ours = found[FACADE.name]
        rows += [
            [
                f"{scenario.title}, {name}",
                figure(ours.cpu),
                figure(each.cpu),
                f"{each.cpu / ours.cpu:.1f}x",
                figure(ours.requests),
                figure(each.requests),
            ]
            for name, each in found.items()
            if each is not ours
        ]
    head = ["", "CPU ms", "CPU ms without", "", "upstream requests", "without"]
    return table(head, rows)


def growth(title: str, points: Sequence[Point]) -> str:
    """What was needed at each size."""
    rows = [
        [
            f"{point.size:,}",
            each.contender,
            figure(each.cpu),
            figure(each.rate),
            figure(each.p50),
            figure(each.p99),
            figure(each.requests),
            figure(each.peak_memory),
        ]
        for point in points
        for each in [point.figures]
    ]
    head = [title, "", "CPU ms", "requests/s", "p50 ms", "p99 ms", "upstream requests", "peak MiB"]
    return table(head, rows)


def memory(spans: Sequence[Span]) -> str:
    """What was held along the way."""
    rows = [[f"{span.requests:,}", figure(span.memory)] for span in spans]
    return table(["requests answered", "MiB"], rows)


def whole(sections: Mapping[str, str], machine: str) -> str:
    """The report: sections by their titles, and what they were measured on."""
    return f"{machine}\n\n" + "\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
