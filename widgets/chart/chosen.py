"""What a person chose to see on a chart: indicators with their colours and pane, and how a layout file holds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class PaneChoice(StrEnum):
    """Where an indicator is drawn; automatic goes by whether its values are prices."""

    AUTOMATIC = "automatic"
    PRICE = "with the prices"
    BELOW = "below"


@dataclass(frozen=True)
class ChosenIndicator:
    """`text` as ``EMA(21)``; `colours` are 1 to 4 for each line, 0 or missing for the next free one."""

    text: str
    colours: tuple[int, ...] = ()
    pane: PaneChoice = PaneChoice.AUTOMATIC

    @property
    def name(self) -> str:
        return self.text.partition("(")[0].strip().upper()

    def as_json(self) -> dict[str, Any]:
        return {"text": self.text, "colours": list(self.colours), "pane": self.pane.value}


def chosen(entries: Iterable[Any]) -> list[ChosenIndicator]:
    """From texts, from what a layout file holds, or as they are; an entry that is none of these is left out."""
    found = []
    for entry in entries:
        if isinstance(entry, ChosenIndicator):
            found.append(entry)
        elif isinstance(entry, str):
            found.append(ChosenIndicator(entry))
        elif isinstance(entry, dict) and isinstance(entry.get("text"), str):
            made = ChosenIndicator(entry["text"])
            colours, pane = entry.get("colours"), entry.get("pane")
            if isinstance(colours, list) and all(each in range(5) for each in colours):
                made = replace(made, colours=tuple(int(each) for each in colours))
            if pane in list(PaneChoice):
                made = replace(made, pane=PaneChoice(pane))
            found.append(made)
    return found
