"""A click on a mark tells how an execution came about, or why a strategy gave a signal."""

from __future__ import annotations

from PySide6.QtCore import Qt

from tests.gui.chart.hand import PanelHand
from tests.gui.conftest import Workstation
from widgets.chart.drawings.drawing import Anchor, Tool
from workstation.core.messages import SignalEmitted
from workstation.core.types import Side


def facts(hand: PanelHand) -> dict[str, str]:
    card = hand.chart.stories.card
    assert card is not None
    return {fact.label: fact.value for fact in card.facts.facts}


def test_a_click_on_a_fill_tells_its_story_and_the_next_click_closes_it(station: Workstation) -> None:
    station.buy(reason="breakout")
    station.pass_time(1)
    hand = PanelHand(station)
    (fill,) = station.model.heard.fills
    mark = hand.view.model.fills[0]
    scale = hand.view.price_pane.logical_scale()
    place = float(scale.x(hand.view.model.series.index_at(mark.time_ns))), scale.y(mark.price) + 5
    hand.click(*place)
    told = facts(hand)
    assert (told["Owner"], told["Reason"], told["Order"]) == ("manual", "breakout", fill.client_id)
    assert told["Fee"].startswith("−")
    assert "Slippage" in told
    assert "Realised" in told
    hand.click(60, 250)
    assert hand.chart.stories.card is None
    hand.click(*place)
    hand.press_key(Qt.Key.Key_Escape)
    assert hand.chart.stories.card is None


def test_a_click_on_a_signal_tells_the_parts_of_its_confidence_the_weightiest_first(station: Workstation) -> None:
    signal = SignalEmitted(
        ts_ns=station.kernel.clock.time_ns,
        strategy="confluence",
        symbol="BTCUSDT",
        side=Side.BUY,
        confidence=78.4,
        parts={"rsi": -3.0, "order_flow": 40.25},
        price=station.last("BTCUSDT"),
        text="Absorption at the low",
    )
    station.kernel.emit(signal)
    station.pass_time(1)
    hand = PanelHand(station)
    scale, series = hand.view.price_pane.logical_scale(), hand.view.model.series
    bar = series.bar(len(series) - 1)
    hand.chart.drawing.place(Tool.VERTICAL_LINE, Anchor(series.time_at(len(series) - 1), bar.low))
    hand.chart.drawing.select(None)
    hand.click(float(scale.x(len(series) - 1)), scale.y(bar.low) + 20)
    card = hand.chart.stories.card
    assert card is not None
    assert card.title.text() == "Buy signal, confidence 78"
    assert [(fact.label, fact.value) for fact in card.facts.facts][-2:] == [("order flow", "+40.25"), ("rsi", "−3.00")]
    assert hand.chart.drawing.selected is None
