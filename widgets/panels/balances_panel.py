"""What the account holds in each asset, and the funding that it paid and received."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.segmented import Segmented
from widgets.controls.table import Column, Kind, Row, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.engine.heard import KEPT_PAYMENTS
from widgets.look.numbers import format_date, format_number, format_time
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from workstation.core.views import FundingView

NOT_TOLD = "An attached window is told of payments as they come, not of those before it was opened."


class BalancesTable(Table):
    key = "asset"
    columns = (
        Column("asset", "Asset", width=70),
        Column("amount", "Amount", Kind.NUMBER, 120, 8, tooltip="Held, in the asset itself"),
        Column("value", "Value", Kind.NUMBER, 96, 2, tooltip="In the account's currency, at the last price"),
    )
    empty = "No balances. They are shown once the account was read."
    sorted_by = "asset"
    descending = False


class PaymentsTable(Table):
    key = "id"
    columns = (
        Column("ts_ns", "Time", Kind.TIME, 110, text=lambda row: when(row["ts_ns"])),
        Column("symbol", "Symbol", width=84),
        Column("amount", "Amount", Kind.SIGNED, 90, 8, tooltip="Received when positive"),
        Column("asset", "Asset", width=54, label=True),
    )
    empty = "No funding yet. Perpetuals pay or receive it several times a day."
    sorted_by = "ts_ns"
    limit = KEPT_PAYMENTS


class FundingTable(Table):
    """Sums by symbol."""

    key = "id"
    columns = (
        Column("symbol", "Symbol", width=84),
        Column("count", "Payments", Kind.NUMBER, 66, 0, tooltip="Payments of funding"),
        Column("amount", "Amount", Kind.SIGNED, 90, 8, tooltip="Received when positive"),
        Column("asset", "Asset", width=54, label=True),
    )
    empty = PaymentsTable.empty
    sorted_by = "symbol"
    descending = False


def when(ts_ns: int) -> str:
    return f"{format_date(ts_ns)} {format_time(ts_ns)}"


class BalancesPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.balances, self.payments, self.by_symbol = BalancesTable(), PaymentsTable(), FundingTable()
        self.choice = Segmented(("Assets", "Funding", "By symbol"), framed=False)
        self.summary = ToneLabel("", Tone.LABEL)
        self._pages = QStackedWidget()
        for table in (self.balances, self.payments, self.by_symbol):
            self._pages.addWidget(table)
        self.choice.chosen.connect(self._pages.setCurrentIndex)
        self.choice.chosen.connect(self._tell)
        bar = Toolbar()
        bar.row.addWidget(self.choice)
        bar.row.addStretch(1)
        bar.row.addWidget(self.summary)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self._pages)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.account_changed, self._show_balances), (self.model.payments_added, self._show_payments))

    def refresh(self) -> None:
        if not self.model.heard.past_payments_known:
            self.payments.empty = self.by_symbol.empty = f"No funding since this window was opened. {NOT_TOLD}"
            self.summary.setToolTip(NOT_TOLD)
        self._show_balances()
        self._show_payments()
        for table in (self.balances, self.payments, self.by_symbol):
            table.flush()

    def _show_balances(self, _: object = None) -> None:
        account = self.model.account
        self.balances.replace(
            {"asset": balance.asset, "amount": balance.amount, "value": self._value(balance.asset, balance.amount)}
            for balance in account.balances
        )
        if self.choice.index == 0:
            self._tell()

    def _value(self, asset: str, amount: Decimal) -> Decimal | None:
        """In the account's currency; ``None`` when no symbol of the engine tells a price."""
        currency = self.model.account.currency
        if asset == currency or not amount:
            return amount
        engine = self.model.engine
        for market in map(engine.market, engine.symbols):
            instrument = market.instrument
            if (instrument.base, instrument.quote) == (asset, currency) and market.last_price:
                return amount * instrument.price(market.last_price)
        return None

    def _show_payments(self, _: object = None) -> None:
        payments = self.model.heard.payments
        self.payments.replace([payment_row(payment) for payment in payments])
        sums: dict[tuple[str, str], tuple[int, Decimal]] = {}
        for payment in payments:
            count, amount = sums.get((payment.symbol, payment.asset), (0, Decimal(0)))
            sums[payment.symbol, payment.asset] = (count + 1, amount + payment.amount)
        self.by_symbol.replace(
            {"id": f"{symbol} {asset}", "symbol": symbol, "asset": asset, "count": count, "amount": amount}
            for (symbol, asset), (count, amount) in sums.items()
        )
        self._tell()

    def _tell(self, _: int = 0) -> None:
        """The account's equity beside its balances, what is left of funding beside the payments."""
        account = self.model.account
        if self.choice.index == 0:
            self.summary.setText(f"Equity {format_number(account.equity, 2, unit=account.currency)}")
            return
        sums: dict[str, Decimal] = {}
        for payment in self.model.heard.payments:
            sums[payment.asset] = sums.get(payment.asset, Decimal(0)) + payment.amount
        words = ", ".join(format_number(amount, 2, signed=True, unit=asset) for asset, amount in sums.items())
        since = "" if self.model.heard.past_payments_known else "since opened "
        self.summary.setText(f"{since}{words}" if words else "")


def payment_row(payment: FundingView) -> Row:
    return {
        "id": payment.funding_id,
        "ts_ns": payment.ts_ns,
        "symbol": payment.symbol,
        "amount": payment.amount,
        "asset": payment.asset,
    }
