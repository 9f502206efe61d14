"""The picture: CPU time an operation as bars on a logarithmic scale, in SVG, light or dark."""

import math
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from .contenders import FACADE
from .measuring import Figures
from .report import figure
from .scenarios import SCENARIOS, Scenario

WIDTH: Final = 860
_LEFT: Final = 150
_RIGHT: Final = 70
_BAR: Final = 13
_GAP: Final = 2
_TITLE: Final = 24
_BETWEEN: Final = 16
_HEAD: Final = 64
_FOOT: Final = 30

_STYLE: Final = """
    .paper { fill: #ffffff; }
    text {
      font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328;
      paint-order: stroke; stroke: #ffffff; stroke-width: 3px;
    }
    .title { font-size: 16px; font-weight: 600; }
    .scenario { font-weight: 600; font-size: 13px; }
    .faint { fill: #59636e; }
    .line { stroke: #d1d9e0; stroke-width: 1; }
    .ours { fill: #0969da; }
    .peer { fill: #9aa4af; }
    text.ours { font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; }
      text { fill: #f0f6fc; stroke: #0d1117; }
      .faint { fill: #9198a1; }
      .line { stroke: #3d444d; }
      .ours { fill: #4493f8; }
      .peer { fill: #656c76; }
    }
"""


def picture(figures: Sequence[Figures]) -> str:
    """The SVG document."""
    groups = [
        (scenario, found)
        for scenario in SCENARIOS
        if scenario.budget is not None  # the late upstream's is a story of latency
        and (found := [each for each in figures if each.scenario == scenario.name])
    ]
    scale = _Scale([each.cpu for each in figures])
    top = _HEAD
    drawn: list[str] = []
    for scenario, found in groups:
        drawn += _group(scenario, found, scale, top)
        top += _TITLE + len(found) * (_BAR + _GAP) + _BETWEEN
    height = top + _FOOT
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"',
            f' viewBox="0 0 {WIDTH} {height}" role="img"',
            ' aria-label="CPU time an operation, for each server in each scenario">\n',
            f"  <style>{_STYLE}  </style>\n",
            '  <rect width="100%" height="100%" class="paper"/>\n',
            _text(16, 26, "CPU milliseconds an operation", "title"),
            _text(16, 46, "shorter is better; each line is ten times the one before it", "faint"),
            *_lines(scale, height - _FOOT),
            *drawn,
            "</svg>\n",
        ]
    )


class _Scale:
    """Where a value stands, from the power of ten below the least to that above the most."""

    def __init__(self, values: Sequence[float]) -> None:
        self.least = math.floor(math.log10(min(values)))
        self.most = max(math.ceil(math.log10(max(values))), self.least + 1)

    def place(self, value: float) -> float:
        """Pixels from the left edge."""
        share = (math.log10(value) - self.least) / (self.most - self.least)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return (
        f'  <text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
        f"{escape(text)}</text>\n"
    )


def _lines(scale: _Scale, bottom: float) -> list[str]:
    drawn = []
    for power in range(scale.least, scale.most + 1):
        x = scale.place(10.0**power)
        drawn.append(
            f'  <line x1="{x:.1f}" y1="{_HEAD - 6}" x2="{x:.1f}" y2="{bottom}" class="line"/>\n'
        )
        drawn.append(_text(x, bottom + 18, f"{10.0**power:g} ms", "faint", "middle"))
    return drawn


def _group(scenario: Scenario, figures: Sequence[Figures], scale: _Scale, top: float) -> list[str]:
    drawn = [_text(16, top + 15, scenario.title, "scenario")]
    for row, each in enumerate(figures):
        y = top + _TITLE + row * (_BAR + _GAP)
        kind = "ours" if each.contender == FACADE.name else "peer"
        end = scale.place(each.cpu)
        text_kind = "ours" if kind == "ours" else ""
        drawn.append(_text(_LEFT - 8, y + 11, each.contender, text_kind, "end"))
        drawn.append(
            f'  <rect x="{_LEFT}" y="{y}" width="{end - _LEFT:.1f}" height="{_BAR}"'
            f' class="{kind}" rx="2"/>\n'
        )
        drawn.append(_text(end + 6, y + 11, figure(each.cpu), text_kind))
    return drawn
