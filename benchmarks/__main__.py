"""The command `python -m benchmarks`: measures, prints a report and draws a picture of it."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from . import growth, report
from .children import Cores, allow_many_files, static_upstream
from .contenders import CONTENDERS, FACADE, LOGS, MEANS, PEERS, ROOT
from .measuring import QUICK, THOROUGH, Figures, Measuring, tell
from .picture import picture
from .scenarios import SCENARIOS

RESULTS: Final = ROOT / "benchmarks" / "results"
PICTURE: Final = ROOT / "docs" / "speed.svg"
SECTIONS: Final = ("peers", "means", "growth", "memory")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    chosen = _parser().parse_args(arguments)
    if not (PEERS / "node_modules").is_dir():
        sys.stderr.write("The peers are not installed: run benchmarks/setup first.\n")
        return 2
    allow_many_files()
    cores = Cores.of_this_machine()
    with static_upstream(cores.upstream, LOGS / "upstream.txt") as upstream:
        sections, figures = _measured(upstream, cores, chosen)
    text = report.whole(sections, _machine(cores))
    sys.stdout.write(text)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "report.md").write_text(text)
    (RESULTS / "figures.json").write_text(json.dumps([asdict(each) for each in figures], indent=1))
    if figures:
        part = len(chosen.scenarios) < len(SCENARIOS) or len(chosen.contenders) < len(CONTENDERS)
        where = chosen.picture or (RESULTS / "speed.svg" if chosen.quick or part else PICTURE)
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(picture(figures))
        tell(f"drawn: {where}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="How fast the facade is, beside what one could run instead.",
    )
    parser.add_argument("--quick", action="store_true", help="little of everything; figures wobble")
    parser.add_argument(
        "--sections", nargs="+", choices=SECTIONS, default=SECTIONS, help="default: all"
    )
    parser.add_argument(
        "--scenarios",
        nargs="+",
        choices=[scenario.name for scenario in SCENARIOS],
        default=[scenario.name for scenario in SCENARIOS],
        help="of the sections peers and means; default: all",
    )
    parser.add_argument(
        "--contenders",
        nargs="+",
        choices=[contender.name for contender in CONTENDERS],
        default=[contender.name for contender in CONTENDERS],
        help="of the section peers; default: all",
    )
    parser.add_argument(
        "--picture",
        type=Path,
        help="where to draw; default: docs/speed.svg, for a whole run that is not --quick",
    )
    return parser


def _measured(
    upstream: str, cores: Cores, chosen: argparse.Namespace
) -> tuple[dict[str, str], list[Figures]]:
    sections: dict[str, str] = {}
    figures: list[Figures] = []
    pace = QUICK if chosen.quick else THOROUGH
    measuring = Measuring(upstream, cores, pace)
    # A curve shows by its other points which of them is noise.
    growing = Measuring(upstream, cores, replace(pace, rounds=1))
    scenarios = [each for each in SCENARIOS if each.name in chosen.scenarios]
    if "peers" in chosen.sections:
        contenders = [each for each in CONTENDERS if each.name in chosen.contenders]
        for scenario in scenarios:
            figures += measuring.figures(scenario, contenders)
        sections["Beside others"] = report.overview(figures)
        sections["Beside others, in full"] = report.details(figures)
    if "means" in chosen.sections:
        compared: list[Figures] = []
        for scenario in scenarios:
            without = [each.contender for each in MEANS if scenario.name in each.scenarios]
            if without:
                compared += measuring.figures(scenario, (FACADE, *without))
        sections["Without each of its means"] = report.means(compared)
    if "growth" in chosen.sections:
        widths = growth.QUICK_WIDTHS if chosen.quick else growth.WIDTHS
        callers = growth.QUICK_CALLERS if chosen.quick else growth.CALLERS
        wider = growth.wider_queries(growing, widths)
        cold = growth.more_callers(growing, callers, warm=False)
        warm = growth.more_callers(growing, callers, warm=True)
        sections["Wider queries"] = report.growth("albums a query", wider)
        sections["More callers, nothing kept"] = report.growth("callers at once", cold)
        sections["More callers, from the cache"] = report.growth("callers at once", warm)
    if "memory" in chosen.sections:
        requests = growth.QUICK_REQUESTS if chosen.quick else growth.REQUESTS
        spans = growth.memory_over_requests(growing, requests)
        sections["Memory"] = report.memory(spans)
    return sections, figures


def _machine(cores: Cores) -> str:
    return (
        f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores:"
        f" the server on core {cores.server}, the upstream on {cores.upstream},"
        f" the load on {cores.load}."
    )


if __name__ == "__main__":
    sys.exit(main())
