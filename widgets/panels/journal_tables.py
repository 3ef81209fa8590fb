"""The tables of the trade journal: round trips, and what each tag came to."""

from __future__ import annotations

from widgets.controls.table import Action, Column, Kind, Row, Table
from widgets.engine.order_words import owner_tone
from widgets.look.numbers import format_date, format_number, format_percent, format_time
from workstation.backtest.trip_figures import TripFigures


class TripsTable(Table):
    key = "name"
    columns = (
        Column("exit_ns", "Closed", Kind.TIME, 94, text=lambda row: when(row["exit_ns"])),
        Column("symbol", "Symbol", width=76),
        Column("owner", "Owner", width=80, label=True, tone=owner_tone, shown_from=590),
        Column("side", "Side", Kind.SIDE, 54, shown_from=370),
        Column("quantity", "Size", Kind.NUMBER, 64, "lot", shown_from=660, tooltip="In the base asset"),
        Column("entry", "Entry", Kind.PRICE, 76, "tick", shown_from=800, tooltip="Average price in the quote asset"),
        Column("exit", "Exit", Kind.PRICE, 76, "tick", shown_from=800, tooltip="Average price in the quote asset"),
        Column("held_ns", "Held", Kind.AGE, 60, shown_from=860, tooltip="From the first entry to the last exit"),
        Column("net", "Net", Kind.SIGNED, 64, 2, tooltip="After fees, before funding"),
        Column(
            "pictures",
            "Charts",
            Kind.NUMBER,
            46,
            0,
            shown_from=420,
            text=lambda row: "" if not row["pictures"] else None,
            tooltip="Pictures of the chart; they are shown below for the selected round trip",
        ),
        Column("tags", "Tags", width=80),
        Column(
            "note",
            "Note",
            width=160,
            label=True,
            shown_from=500,
            takes_rest=True,
            text=lambda row: " ".join(row["note"].split()),
        ),
    )
    actions_declared = (
        Action("write", "Write a note …", enabled=lambda rows: len(rows) == 1),
        Action("picture", "Attach the chart's picture", "camera", enabled=lambda rows: len(rows) == 1),
    )
    empty = "No round trips in this span. A position that is closed again becomes one."
    sorted_by = "exit_ns"
    limit = 5_000


class TagsTable(Table):
    key = "id"
    columns = (
        Column("tag", "Tag", width=70),
        Column("trips", "Trips", Kind.NUMBER, 40, 0, tooltip="Round trips"),
        Column("win_rate", "Win %", Kind.NUMBER, 52, 1, tooltip="Of the round trips, %"),
        Column("profit_factor", "Factor", Kind.NUMBER, 48, 2, tooltip="Profits over losses; none without a loss"),
        Column("expectancy", "Expect.", Kind.SIGNED, 60, 2, tooltip="Net result of a round trip on average"),
        Column("average_win", "Avg win", Kind.SIGNED, 60, 2, shown_from=400, tooltip="Net, on average, in the asset"),
        Column("average_loss", "Avg loss", Kind.SIGNED, 66, 2, shown_from=400, tooltip="Net, on average, in the asset"),
        Column("net", "Net", Kind.SIGNED, 64, 2, tooltip="Of its round trips, after fees, before funding"),
        Column("asset", "Asset", width=48, label=True, shown_from=500),
    )
    empty = TripsTable.empty


def when(ts_ns: int) -> str:
    """The day and the time to the minute."""
    return f"{format_date(ts_ns)} {format_time(ts_ns)[:5]}"


def summary_words(figures: TripFigures) -> str:
    """``57 % of 14 won, +1.24 each``"""
    won = format_percent(figures.win_rate * 100, 0)
    return f"{won} of {figures.trips:,} won, {format_number(figures.expectancy, 2, signed=True)} each"


def tag_row(place: int, figures: TripFigures) -> Row:
    return {**figures._asdict(), "id": place, "win_rate": figures.win_rate * 100}
