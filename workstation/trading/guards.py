"""Loss limits, protections and crisis mode: what the account's own results forbid."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from workstation.core.messages import CrisisChanged, Output, PeakReached, ProtectionTriggered
from workstation.core.money import from_rate, to_rate
from workstation.core.timeframe import DAY_NS, utc_text
from workstation.core.types import TradingState
from workstation.rules.limits import decline
from workstation.trading.risk_limits import RiskLimits
from workstation.trading.trading_state import Restriction, TradingStateHolder

DAY_LOSS = "day loss"
DRAWDOWN = "drawdown"
PEAK_STEPS = 2_000
"""The peak is told again when it has risen by a 2,000th: no more of it is lost by a kill."""


class Guards:
    """Fed with equity and closed round trips; restricts trading, pauses entries, and declares crisis mode."""

    def __init__(self, limits: RiskLimits, trading: TradingStateHolder, emit: Callable[[Output], None]) -> None:
        self._limits = limits
        self._trading = trading
        self._emit = emit
        self.checked_ns = 0
        """When the equity was looked at last."""
        self.day_equity = 0
        self.day_ends_ns = 0
        self.peak_equity = 0
        self.equity = 0
        self.losses_in_a_row = 0
        self.crisis = False
        self.crisis_cause = ""
        self.account_crisis = ""
        """Why the account is in crisis mode across its engines; empty while it is not."""
        self.account_size_factor = Decimal(1)
        self.on_person_needed: Callable[[str, Callable[[], None]], None] = lambda cause, lift: None
        """Called with what a person must lift; a backtest lifts it after a pause."""
        self.on_day_loss: Callable[[], None] = lambda: None
        """Called when the day's loss limit is reached."""
        self.pauses: dict[tuple[str, str], int] = {}
        """Until when a protection pauses entries, by protection and owner ("" for all, or owner/symbol)."""
        self._peak_told = 0
        self._now_ns = 0
        self._stops: deque[int] = deque()
        self._highs: deque[tuple[int, int]] = deque()

    def start_day(self, now_ns: int, equity: int) -> None:
        """A new UTC day: the loss limit counts from this equity."""
        self._now_ns = now_ns
        self.day_equity = equity
        self.day_ends_ns = now_ns // DAY_NS * DAY_NS + DAY_NS
        self._trading.lift(DAY_LOSS)
        self.equity = equity
        if self.peak_equity == 0:
            self.count_from_now()

    def on_equity(self, now_ns: int, equity: int) -> None:
        """Take the account's equity at the current marks."""
        limits = self._limits
        self._now_ns = now_ns
        self.equity = equity
        if equity >= self.peak_equity:
            self.peak_equity = equity
            if equity - self._peak_told > self._peak_told // PEAK_STEPS:
                self._peak_told = equity
                self._emit(PeakReached(ts_ns=now_ns, equity=equity))
        if not limits.loss_limits:
            return
        day_loss = decline(self.day_equity, equity)
        if day_loss >= limits.day_loss and DAY_LOSS not in self._trading.causes:
            text = (
                f"Day loss {_percent_text(day_loss)} of {_percent_text(limits.day_loss)}: no new risk until "
                f"{utc_text(self.day_ends_ns)} UTC."
            )
            self._trading.restrict(DAY_LOSS, TradingState.REDUCING, text, self.day_ends_ns)
            self.on_day_loss()
        drawdown = decline(self.peak_equity, equity)
        if drawdown >= limits.crisis_drawdown:
            self.enter_crisis(now_ns, f"drawdown {_percent_text(drawdown)}")
        if drawdown >= limits.drawdown and DRAWDOWN not in self._trading.causes:
            text = f"Drawdown {_percent_text(drawdown)} of {_percent_text(limits.drawdown)}: no new risk until resumed."
            self._trading.restrict(DRAWDOWN, TradingState.REDUCING, text)
            self.on_person_needed(DRAWDOWN, self.lift_drawdown)
        self._drawdown_guard(now_ns, equity)

    def _drawdown_guard(self, now_ns: int, equity: int) -> None:
        limits = self._limits
        highs = self._highs
        while highs and highs[-1][1] <= equity:
            highs.pop()
        highs.append((now_ns, equity))
        while highs[0][0] < now_ns - limits.drawdown_guard_window_ns:
            highs.popleft()
        fall = decline(highs[0][1], equity)
        if fall >= limits.drawdown_guard and self.pauses.get(("drawdown", ""), 0) <= now_ns:
            self._pause("drawdown", "", now_ns, limits.drawdown_guard_pause_ns, f"fell {_percent_text(fall)}")

    def on_transfer(self, worth: int) -> None:
        """So much was added to the account, or taken from it: it counts neither as profit nor as loss."""
        self.equity += worth
        self.day_equity += worth
        self.peak_equity += worth
        self._peak_told += worth
        self._highs = deque((ts_ns, equity + worth) for ts_ns, equity in self._highs)

    def on_trip(self, now_ns: int, owner: str, symbol: str, result: int, stopped: bool, interval_ns: int) -> None:
        """A round trip closed with this net result; ``stopped`` when a stop closed it.

        A strategy cools down for bars of its own ``interval_ns``; a person (interval 0) does not. ``now_ns`` is the
        time of the execution, which may be learned of late.
        """
        limits = self._limits
        self._now_ns = max(now_ns, self._now_ns)
        self.losses_in_a_row = self.losses_in_a_row + 1 if result < 0 else 0
        if not limits.loss_limits:
            return
        cooldown_ns = limits.cooldown_bars * interval_ns
        self._pause("cooldown", f"{owner}/{symbol}", now_ns, cooldown_ns, "after a closed position")
        if stopped:
            stops = self._stops
            stops.append(now_ns)
            while stops[0] < now_ns - limits.stop_guard_window_ns:
                stops.popleft()
            if len(stops) >= limits.stop_guard_stops:
                self._pause("stop guard", "", now_ns, limits.stop_guard_pause_ns, f"{len(stops)} stops")
        if self.losses_in_a_row >= limits.losses_in_a_row:
            detail = f"{self.losses_in_a_row} losses in a row"
            self._pause("losses in a row", "", now_ns, limits.losses_pause_ns, detail)
        if self.losses_in_a_row >= limits.crisis_losses:
            self.enter_crisis(now_ns, f"{self.losses_in_a_row} losses in a row")

    def on_volatility(self, now_ns: int, symbol: str, multiple: Decimal) -> None:
        """The symbol's ATR is above the crisis multiple of its average."""
        if self._limits.loss_limits:
            self.enter_crisis(now_ns, f"{symbol} ATR at {multiple:.1f} times its average")

    def enter_crisis(self, now_ns: int, cause: str) -> None:
        if self.crisis:
            return
        self.crisis, self.crisis_cause = True, cause
        self._emit(CrisisChanged(ts_ns=now_ns, active=True, cause=cause))
        self.on_person_needed("crisis", lambda: self.end_crisis(max(now_ns, self._now_ns), "pause over"))

    def end_crisis(self, now_ns: int, cause: str) -> None:
        """A person ended it: losses and drawdown count anew from here."""
        if not self.crisis:
            return
        self.crisis, self.crisis_cause = False, ""
        self.losses_in_a_row = 0
        self.count_from_now()
        self._emit(CrisisChanged(ts_ns=now_ns, active=False, cause=cause))

    def lift_drawdown(self) -> None:
        """A person resumed: the drawdown counts from the equity of now."""
        if DRAWDOWN in self._trading.causes:
            self.count_from_now()
            self._trading.lift(DRAWDOWN)

    def count_from_now(self) -> None:
        """Drawdown counts from the equity of now."""
        self.peak_equity = self._peak_told = self.equity

    def entry_pause(self, owner: str, symbol: str, now_ns: int) -> tuple[str, int] | None:
        """The protection that forbids the owner's entries in the symbol now, and until when."""
        if not self.pauses:
            return None
        for key, until_ns in self.pauses.items():
            if until_ns > now_ns and key[1] in ("", f"{owner}/{symbol}"):
                return key[0], until_ns
        return None

    @property
    def in_crisis(self) -> bool:
        """Whether this engine or its account is in crisis mode."""
        return self.crisis or bool(self.account_crisis)

    @property
    def every_crisis_cause(self) -> str:
        """Its own cause and the account's, in words."""
        own, account = self.crisis_cause, self.account_crisis
        return "; ".join(filter(None, (own, account and f"account: {account}")))

    def size_factor(self) -> Decimal:
        """At most the account's."""
        own = self._limits.crisis_size_factor if self.crisis else Decimal(1)
        return min(own, self.account_size_factor)

    def follow_crisis(self, now_ns: int, active: bool, cause: str, size_factor: int) -> None:
        """The account's crisis mode across its engines began, or ended; it is lifted there. ``size_factor`` is 1e-8."""
        change = CrisisChanged(ts_ns=now_ns, active=active, cause=cause, account=True, size_factor=size_factor)
        before = self.account_crisis, self.account_size_factor
        self.know_account_crisis(change)
        if before != (self.account_crisis, self.account_size_factor):
            self._emit(change)

    def know_account_crisis(self, change: CrisisChanged) -> None:
        """Take it over without telling anyone."""
        self.account_crisis = (change.cause or "no cause given") if change.active else ""
        self.account_size_factor = from_rate(change.size_factor) if change.active else Decimal(1)

    def _pause(self, protection: str, owner: str, now_ns: int, pause_ns: int, detail: str) -> None:
        until_ns = now_ns + pause_ns
        if pause_ns <= 0 or until_ns <= self.pauses.get((protection, owner), 0):
            return
        self.pauses = {key: until for key, until in self.pauses.items() if until > now_ns}
        self.pauses[(protection, owner)] = until_ns
        self._emit(
            ProtectionTriggered(ts_ns=now_ns, protection=protection, owner=owner, until_ns=until_ns, detail=detail)
        )

    def snapshot(self) -> dict[str, Any]:
        return {
            "day_equity": self.day_equity,
            "day_ends_ns": self.day_ends_ns,
            "peak_equity": self.peak_equity,
            "equity": self.equity,
            "losses_in_a_row": self.losses_in_a_row,
            "crisis": self.crisis,
            "crisis_cause": self.crisis_cause,
            "account_crisis": self.account_crisis,
            "account_size_factor": to_rate(self.account_size_factor),
            "pauses": [[protection, owner, until] for (protection, owner), until in sorted(self.pauses.items())],
            "stops": list(self._stops),
            "highs": [list(high) for high in self._highs],
            "restrictions": {
                cause: list(self._trading.causes[cause])
                for cause in (DAY_LOSS, DRAWDOWN)
                if cause in self._trading.causes
            },
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what ``snapshot`` gave: loss limits and crisis mode survive a restart.

        The restrictions are taken without telling anyone; the caller settles the trading state.
        """
        for name in (
            "day_equity",
            "day_ends_ns",
            "peak_equity",
            "equity",
            "losses_in_a_row",
            "crisis",
            "crisis_cause",
        ):
            setattr(self, name, snapshot[name])
        self.account_crisis = snapshot.get("account_crisis", "")
        self.account_size_factor = from_rate(snapshot.get("account_size_factor", to_rate(Decimal(1))))
        self._peak_told = self.peak_equity
        self.pauses = {(protection, owner): until for protection, owner, until in snapshot["pauses"]}
        self._stops = deque(snapshot["stops"])
        self._highs = deque((ts_ns, equity) for ts_ns, equity in snapshot["highs"])
        for cause, (state, reason, until_ns) in snapshot["restrictions"].items():
            self._trading.causes[cause] = Restriction(TradingState(state), reason, until_ns)


def _percent_text(rate: int) -> str:
    return f"{from_rate(rate) * 100:.2f} %"
