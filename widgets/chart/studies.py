"""The chosen indicators of a chart, computed once over all bars and then followed bar by bar and tick by tick."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from widgets.chart.chart_view import ChartView
from widgets.chart.chosen import ChosenIndicator, PaneChoice, chosen
from widgets.chart.model import PRICE_PANE, Indicator
from widgets.chart.profiles import Profile, parse_profile
from widgets.chart.pyramid import Floats
from workstation.core.errors import ConfigurationError

if TYPE_CHECKING:
    from widgets.chart.market_lines import MarketLines
    from workstation.market.indicators import IndicatorCall

DRAWN_ALWAYS = "VOLUME"
HIDDEN_LINES = frozenset({"direction"})
SHIFTED = {"span_a": 1, "span_b": 1, "lagging": -1}
"""Lines of the Ichimoku cloud that stand its `shift` bars later, where they go on beyond the newest bar, or earlier."""
FEWEST_DECIMALS, MOST_DECIMALS = 2, 12
FOLLOWED_BARS = 50
"""More new bars than these at once, and everything is computed anew."""


def value_decimals(lines: Iterable[Floats]) -> int:
    """Decimals that show three digits of the usual values of these lines, 2 or more: an ATR may be 0.00012."""
    known = [np.abs(values[np.isfinite(values) & (values != 0)]) for values in lines]
    usual = max((float(np.median(values)) for values in known if len(values)), default=1.0)
    return min(MOST_DECIMALS, max(FEWEST_DECIMALS, FEWEST_DECIMALS - math.floor(math.log10(usual))))


def unshifted(call: IndicatorCall) -> tuple[IndicatorCall, int]:
    """The Ichimoku cloud with each value at the bar that it is of, and by how many bars it is to be drawn apart."""
    if call.name != "ICHIMOKU":
        return call, 0
    from workstation.market.indicators import indicator_parameters

    parameters = indicator_parameters(call.name) | dict(call.parameters)
    shift = int(parameters["shift"])
    return replace(call, parameters=tuple((parameters | {"shift": 0}).items())), shift


class Source(Protocol):
    """The lines of one indicator, by name: over all bars, and then the newest values."""

    lines: dict[str, Floats]

    def newest(self, series: Any, known: dict[str, Floats], count: int) -> dict[str, Floats]:
        """The last `count` values of each line, none where it must begin anew; `known` are the lines until now."""


class Bars:
    """The chart's own bars, the one under construction among them, as indicators read them."""

    def __init__(self, chart: ChartView, first: int = 0) -> None:
        self._chart, self._first = chart, first
        columns = (chart.model.series.column(row)[first:] for row in range(5))
        self.open, self.high, self.low, self.close, self.volume = columns

    @property
    def close_ns(self) -> Any:
        series = self._chart.model.series
        return series.open_ns[self._first :] + series.bar_ns

    def since(self, first: int) -> Bars:
        """The bars from an index on."""
        return Bars(self._chart, self._first + first)


class Studies:
    """``choose`` and ``reload`` compute over all bars; ``follow`` costs the same however many there are."""

    def __init__(self, chart: ChartView, market: MarketLines | None = None) -> None:
        self._chart = chart
        self._market = market
        self.chosen: list[ChosenIndicator] = []
        self._sources: dict[int, Source] = {}
        self._names: dict[int, dict[str, str]] = {}
        """For each place in the list: the chart's name of a line by the indicator's own."""
        self.problem = ""
        """Why an indicator is not shown."""

    def choose(self, entries: Iterable[Any]) -> None:
        """Show these. One that is wrong is left out with its reason in ``problem``."""
        self.chosen = chosen(entries)
        self.reload()

    def reload(self) -> None:
        """Compute everything anew, after the bars were replaced."""
        self.problem = ""
        self._sources, self._names = {}, {}
        profiles: list[Profile] = []
        found: list[Indicator] = []
        for place, each in enumerate(self.chosen):
            try:
                profile = parse_profile(each.text, str(place))
                if profile is not None:
                    profiles.append(profile)
                elif each.name != DRAWN_ALWAYS:
                    found += self._lines_of(place, each, len(found))
            except ConfigurationError as error:
                self.problem = str(error)
        self._chart.set_profiles(profiles)
        self._chart.set_indicators(found)

    def follow(self) -> None:
        """Bring the newest values up to date with the bars."""
        total = len(self._chart.model.series)
        if not total or not self._sources:
            return
        lines = {line.indicator.name: line for line in self._chart.model.lines}
        bars, tails = Bars(self._chart), {}
        for place, source in self._sources.items():
            names = self._names[place]
            known = {own: lines[name].values for own, name in names.items()}
            count = total - min(len(values) for values in known.values())
            if not 0 <= count <= FOLLOWED_BARS:
                self.reload()
                return
            # The bar before a new one has got its last tick too.
            newest = source.newest(bars, known, count + 1 if count else 1)
            if not newest:
                self.reload()
                return
            tails.update({names[own]: values for own, values in newest.items() if own in names})
        self._chart.write_indicator_tails(tails)

    def _lines_of(self, place: int, each: ChosenIndicator, before: int) -> list[Indicator]:
        from widgets.chart.market_lines import LineLook
        from workstation.market.indicator_catalogue import indicator_catalogue
        from workstation.market.indicator_tail import IndicatorTail
        from workstation.market.indicators import parse_indicator

        made: list[Indicator] = []
        shift = 0
        if self._market is not None and self._market.knows(each.name):
            source: Source = self._market.source(each.name)
            words, looks = self._market.look(each.name)
            over = False
        else:
            call, shift = unshifted(parse_indicator(each.text))
            bars: Any = Bars(self._chart)
            if not len(bars.close):
                return made
            source = IndicatorTail(call, bars)
            shown = [str(value) for key, value in parse_indicator(each.text).parameters if key != "anchor"]
            words = " ".join([call.name, *shown, *(["anchored"] if "anchor" in dict(call.parameters) else [])])
            info = indicator_catalogue()[call.name]
            decimals = value_decimals(source.lines.values())
            looks = {line: LineLook(decimals, style=style) for line, style in info.lines.items()}
            over = info.over_prices
        over = over if each.pane is PaneChoice.AUTOMATIC else each.pane is PaneChoice.PRICE
        names: dict[str, str] = {}
        same = sum(other.text == each.text for other in self.chosen[:place])
        key = f"{each.text} #{same + 1}" if same else each.text
        for line, values in source.lines.items():
            if line in HIDDEN_LINES:
                continue
            number = len(made)
            colour = each.colours[number] if number < len(each.colours) else 0
            name = f"{key} {line}"
            label = words if not made else line.replace("band", "")
            look = looks.get(line, LineLook(FEWEST_DECIMALS))
            made.append(
                Indicator(
                    name,
                    label,
                    colour or (before + number) % 4 + 1,
                    values,
                    PRICE_PANE if over else key,
                    None if over else look.decimals,
                    unit=look.unit,
                    study=str(place),
                    style=look.style,
                    shift=shift * SHIFTED.get(line, 0),
                    zero_is_none=look.zero_is_none,
                )
            )
            names[line] = name
        self._sources[place], self._names[place] = source, names
        return made
