"""An orderly end: nothing enters any more, and the next session goes on with the strategies as they were."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.replay.paper_session import PaperSession, busy_configuration, with_settings
from workstation.config.settings import StrategyEntry
from workstation.core.messages import EndSession
from workstation.core.types import OrderRole, StrategyState
from workstation.storage.layout import DataFolder
from workstation.verification import verify

QUOTES_AGAIN = """
from workstation.core.types import OrderState, Side
from workstation.trading.strategy import Strategy


class QuotesAgain(Strategy):
    title = "Quotes again"

    def on_trade(self, trade):
        if not self.open_orders():
            self.quote()

    def on_order(self, order):
        if order.state is OrderState.CANCELLED:
            self.quote()

    def quote(self):
        price = self.last_price - self.last_price // 50
        self.order(Side.BUY, self.context.minimum_lots(price) * 2, price=price)
"""


def test_what_is_cancelled_at_the_end_is_not_quoted_again(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "quotes_again.py").write_text(QUOTES_AGAIN)
    loaded = busy_configuration()
    entry = StrategyEntry(strategy="quotes_again", symbol="ETHUSDT", timeframe="1m", start=True)
    settings = msgspec.structs.replace(loaded.settings, strategies={"quotes_again": entry}, strategy_folder=str(folder))
    loaded = with_settings(loaded, settings)
    data = tmp_path / "data"
    paper = PaperSession(data, loaded)
    paper.let_pass(60)
    orders = paper.session.kernel.orders
    assert [order.role for order in orders.open_orders()] == [OrderRole.ENTRY]
    paper.session.dispatch(EndSession(who="shutdown", ts_ns=paper.clock.ns))
    paper.let_pass(60)
    assert orders.open_orders() == []
    paper.close()
    assert verify(DataFolder(data), folder).sessions == 1
    again = PaperSession(data, loaded, start_ns=paper.clock.ns + 10**9)
    again.let_pass(60)
    assert again.session.kernel.host.slots["quotes_again"].state is StrategyState.RUNNING
    assert again.session.kernel.orders.open_orders()
    again.close()
