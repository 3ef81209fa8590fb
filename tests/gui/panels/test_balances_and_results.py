"""Balances with funding, and what was earned by strategy, symbol, day and who traded."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation
from widgets.controls.segmented import Segmented
from widgets.engine.engine_model import EngineModel
from widgets.panels.balances_panel import NOT_TOLD, BalancesPanel
from widgets.panels.results_panel import ResultsPanel
from workstation.core.messages import FundingRate
from workstation.core.types import Side


def choose(qtbot: QtBot, control: Segmented, text: str) -> None:
    place = next(place for place, each in enumerate(control._texts) if each == text)
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton, pos=control.segments()[place].center())


def pay_funding(station: Workstation, symbol: str = "BTCUSDT") -> None:
    """Longs pay a hundredth of a per cent now."""
    now_ns, price = station.clock.now, station.last(symbol)
    station.session.dispatch(FundingRate(symbol=symbol, ts_ns=now_ns, rate=10_000, price=price))
    station.pass_time(1)


def balances_of(station: Workstation) -> BalancesPanel:
    station.area.show_panel("balances")
    station.frame()
    panel: BalancesPanel = station.area.balances
    return panel


def results_of(station: Workstation) -> ResultsPanel:
    station.area.show_panel("results")
    station.frame()
    panel: ResultsPanel = station.area.results
    return panel


def test_each_asset_is_shown_with_its_worth(station: Workstation) -> None:
    panel = balances_of(station)
    account = station.engine.account()
    (row,) = panel.balances.shown_rows()
    assert (row["asset"], row["amount"], row["value"]) == (account.currency, account.cash, account.cash)
    assert panel.summary.text().startswith("Equity ")
    held = station.model.engine.market("BTCUSDT").instrument.price(station.last("BTCUSDT"))
    assert panel._value("BTC", Decimal(2)) == 2 * held
    assert panel._value("EUR", Decimal(2)) is None


def test_funding_is_listed_added_up_by_symbol_and_known_after_a_restart(open_workstation: Open, qtbot: QtBot) -> None:
    station = open_workstation()
    panel = balances_of(station)
    choose(qtbot, panel.choice, "Funding")
    assert panel.payments.shown_rows() == []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        station.buy(symbol, 1000)
    station.pass_time(1)
    for symbol in ("BTCUSDT", "ETHUSDT", "BTCUSDT"):
        pay_funding(station, symbol)
    rows = panel.payments.shown_rows()
    assert [row["symbol"] for row in rows] == ["ETHUSDT", "BTCUSDT"], "newest first, each once"
    assert sum(row["amount"] for row in rows) == station.engine.account().funding < 0
    choose(qtbot, panel.choice, "By symbol")
    sums = {row["symbol"]: (row["count"], row["amount"]) for row in panel.by_symbol.shown_rows()}
    assert sums == {row["symbol"]: (1, row["amount"]) for row in rows}
    clock = station.clock.now
    station.stop_session()
    again = open_workstation(start_ns=clock + 1_000_000_000)
    panel = balances_of(again)
    assert {row["id"] for row in panel.payments.shown_rows()} == {row["id"] for row in rows}


def test_where_past_payments_are_not_told_the_panel_says_so(station: Workstation, qtbot: QtBot) -> None:
    station.engine.past_funding = lambda limit: None  # type: ignore[method-assign]
    model = EngineModel(station.engine)
    panel, results = BalancesPanel(model), ResultsPanel(model)
    for widget in (panel, results):
        qtbot.addWidget(widget)
        widget.resize(380, 240)
        widget.show()
    assert NOT_TOLD in panel.payments.empty
    station.buy()
    station.feed(1)
    pay_funding(station)
    model.tick()
    choose(qtbot, panel.choice, "Funding")
    assert panel.summary.text().startswith("since opened ")
    assert "funding since this window opened" in results.note.text()
    model.stop()


def test_results_agree_with_the_ledger_in_every_grouping(station: Workstation, qtbot: QtBot) -> None:
    panel = results_of(station)
    assert panel.table.shown_rows() == []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        station.buy(symbol, 1000)
        station.pass_time(2)
        station.buy(symbol, 600, side=Side.SELL)
        station.pass_time(1)
    pay_funding(station)
    account = station.engine.account()
    net = account.realised - account.fees + account.funding
    names = {
        "Strategy": {"manual", "funding"},
        "Symbol": {"BTCUSDT", "ETHUSDT"},
        "Day": {"2024-01-01"},
        "Who": {"by hand", "funding"},
    }
    for grouping, expected in names.items():
        if grouping != "Strategy":
            choose(qtbot, panel.choice, grouping)
        panel.table.flush()
        rows = panel.table.shown_rows()
        assert {row["name"] for row in rows} == expected
        assert sum(row["net"] for row in rows) == net
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("Name,Fills,Realised,Fees,Funding,Net") and len(lines) == 3
    assert panel.note.text().startswith("Since 1 Jan 2024")


def test_the_watchlist_is_searched_and_sorted(station: Workstation, qtbot: QtBot) -> None:
    panel = station.area.watchlist
    qtbot.keyClicks(panel.search, "xrp")
    assert [row["symbol"] for row in panel.table.shown_rows()] == ["XRPUSDT"]
    assert station.model.symbol == "BTCUSDT", "a search chooses nothing"
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert station.model.symbol == "XRPUSDT" and panel.search.text() == ""
    assert panel.table.selected_keys() == ["XRPUSDT"]
    station.press_header(panel.table, "Symbol")
    first = [row["symbol"] for row in panel.table.shown_rows()]
    station.press_header(panel.table, "Symbol")
    assert [row["symbol"] for row in panel.table.shown_rows()] == first[::-1] and sorted(first) in (first, first[::-1])
    station.press_header(panel.table, "Last")
    prices = [row["last"] for row in panel.table.shown_rows()]
    assert prices in (sorted(prices), sorted(prices, reverse=True))
    qtbot.keyClicks(panel.search, "nothing")
    assert panel.table.shown_rows() == []
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert station.model.symbol == "XRPUSDT"
