"""The flagship: regime, setup and signal of three timeframes, a ladder of entries, two stops."""

from __future__ import annotations

from decimal import ROUND_DOWN

import msgspec

from workstation.core.messages import Bar, OrderFilled
from workstation.core.messages import Trade as PublicTrade
from workstation.core.orders import Order
from workstation.core.timeframe import HOUR_NS
from workstation.core.types import OrderRole, Severity, Side
from workstation.rules import sizing
from workstation.strategies.confluence.confidence import confidence
from workstation.strategies.confluence.entries import ConfluenceEntries
from workstation.strategies.confluence.exits import structure
from workstation.strategies.confluence.ladder import give_up
from workstation.strategies.confluence.reading import Reading, judge, read, read_regime, read_setup
from workstation.strategies.confluence.trade import DROPPED, WAITING, Trade

TRADE_KEY = "trade"
HALF_TAG = "half"


class Confluence(ConfluenceEntries):
    """Trades when the daily regime, the four-hour setup and a signal of its own timeframe agree.

    Where the specification leaves a choice:

    - The setup counts when all three of its conditions hold, and any signal brings the signal's whole weight.
      Without 200 daily bars the regime is neutral.
    - Averages of ATR and volume are those of the bars before the last.
    - The planned reward reaches to the extreme of the last ``target_bars`` bars, or the channel's height where
      that is more; a signal with less than ``least_reward`` R is shown and not traded.
    - Confirmed is a close not behind the signal's; momentum is a further close with RSI on the trade's side.
      An entry that is not due exactly then is given up. A deeper entry is never larger for being nearer to the stop.
    - Confidence decays when it falls below the threshold or by ``confidence_decay`` points; a signal against the
      trade takes the signal's points away.
    - Structure is the newest pivot against the trade since its signal: the soft stop goes one tick behind it.
    - No progress is no better price for ``progress_hours``. The trailing begins when half is closed.
    - A regime that changes against the trade, be it to neutral, closes it.
    - The hard stop stands where the whole position has lost ``hard_stop_percent`` of the equity at the signal, so it
      comes nearer with each entry.
    - A position handed to it is managed like one of its own, with the stop measured from the price then.
    """

    title = "Multi-timeframe confluence"
    timeframes = ("4h", "1d")

    _reading: Reading | None = None
    _totals = (-1, -1)
    _regime = 0
    _setup = 0
    _side = 0
    _stop = 0
    _target = 0
    _seen_trades = False

    # --- Events ---------------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        stored = self.state.get(TRADE_KEY)
        self._trade = None
        if stored:
            try:
                self._trade = Trade.from_state(stored)
            except msgspec.ValidationError as error:
                self.log(f"The plan of its last trade cannot be read and is dropped: {error}.", Severity.WARNING)
        self._read()
        self._match_position()
        super().on_start()

    def on_bar(self, bar: Bar) -> None:
        if bar.interval_ns != self.interval_ns:
            return
        super().on_bar(bar)
        reading = self._read()
        self._match_position()
        judged = judge(reading, self) if reading.ready else None
        if judged is not None:
            direction, found, names = judged
            self.signal(Side(direction), found.value, found.parts, " + ".join(names))
        trade = self._trade
        if trade is not None and trade.entered and not self.leaving:
            self._manage(trade, bar, reading, judged[0] if judged else 0)
        elif trade is None and judged is not None and not self.leaving and not self.entry_open():
            self._open(bar, reading, judged[0], judged[1], " + ".join(judged[2]))
        self._seen_trades = False
        self._keep()

    def on_trade(self, trade: PublicTrade) -> None:
        side = self._side
        if side == 0:
            return
        self._seen_trades = True
        price = trade.price
        if (price - self._stop) * side <= 0:
            self._leave("stop (soft)")
        elif self._target and (price - self._target) * side >= 0:
            self._take_half()

    def on_fill(self, fill: OrderFilled, order: Order) -> None:
        trade = self._trade
        if trade is not None:
            if order.role is OrderRole.ENTRY:
                trade.entered = True
            elif order.tag == HALF_TAG and not trade.halved:
                self._half_taken(trade)
        self._match_position()
        super().on_fill(fill, order)
        self._keep()

    def on_order(self, order: Order) -> None:
        super().on_order(order)
        if not order.is_open:
            self._match_position()
            self._keep()

    def protective_price(self, lots: int) -> int:
        entry = self.entry_ticks()
        if entry == 0:
            return 0
        loss = self._trade.hard_loss if self._trade is not None else self._hard_loss(entry)
        return sizing.stop_for_loss(entry, lots, loss, *self.instrument.valuation)

    # --- Reading ----------------------------------------------------------------------------------------------------

    def _read(self) -> Reading:
        """Read the bars; the larger timeframes only when one of theirs has closed."""
        setup_bars, regime_bars = (self.bars(timeframe) for timeframe in self.timeframes)
        totals = (setup_bars.total, regime_bars.total)
        if totals != self._totals:
            self._totals = totals
            self._setup = read_setup(setup_bars, self)
            self._regime = read_regime(regime_bars, self)
        self._reading = read(self.bars(), self._regime, self._setup, self)
        return self._reading

    def _match_position(self) -> None:
        """Make the plan agree with the position, which may have been stopped out, taken over or handed back."""
        lots = self.position.lots
        trade = self._trade
        if trade is not None:
            if lots == 0 and not self.entry_open():
                self.log("The trade has ended." if trade.entered else "The entry was not filled; no trade.")
                self._trade = None
            elif lots == 0 and trade.entered:
                self.cancel_entries("the trade has ended")
            elif lots * trade.side < 0:
                self._trade = None
            elif lots:
                trade.entered = True
        if self._trade is None and lots and not self.leaving:
            self._adopt(lots)
        self._keep()

    def _adopt(self, lots: int) -> None:
        """Plan a position that it did not open: the stop is measured from the price now, the ladder is over."""
        reading, price = self._reading, self.last_price
        if reading is None or not reading.ready or price <= 0:
            return
        side = 1 if lots > 0 else -1
        risk = max(1, self.ticks(self.stop_atr * reading.atr))
        self._trade = Trade(
            side=side,
            regime=reading.regime,
            confidence=0.0,
            factor="1",
            risk=risk,
            hard_loss=self._hard_loss(price),
            stop=max(1, price - side * risk),
            best=price,
            signal_ns=self.now_ns,
            signal_close=price,
            progress_ns=self.now_ns,
            rungs=[DROPPED, DROPPED, DROPPED],
            entered=True,
        )
        self.log(f"Took over a position of {self.instrument.quantity(lots)} {self.symbol}.")

    def _keep(self) -> None:
        """Write the plan to the state and the levels that each public trade is compared with to attributes."""
        trade = self._trade
        if trade is None:
            self.state.pop(TRADE_KEY, None)
            self._side = 0
            return
        self.state[TRADE_KEY] = trade.to_state()
        if not trade.entered or self.leaving:
            self._side = 0
            return
        self._side, self._stop, self._target = trade.side, trade.stop, self._half_price(trade)

    def _half_price(self, trade: Trade) -> int:
        """Where half is closed; 0 when it has been."""
        entry = 0 if trade.halved else self.entry_ticks()
        return entry + trade.side * max(1, round(self.half_at_r * trade.risk)) if entry else 0

    # --- The open trade ---------------------------------------------------------------------------------------------

    def _manage(self, trade: Trade, bar: Bar, reading: Reading, signal: int) -> None:
        """Exits first, the worse one before the better, then the stop, then the ladder."""
        side = trade.side
        worst, best = (bar.close, bar.close)
        if not self._seen_trades:
            worst, best = (bar.low, bar.high) if side > 0 else (bar.high, bar.low)
        if (worst - trade.stop) * side <= 0:
            return self._leave("stop (soft)")
        target = self._half_price(trade)
        if target and (best - target) * side >= 0:
            self._take_half()
        extreme = bar.high if side > 0 else bar.low
        if (extreme - trade.best) * side > 0:
            trade.best, trade.progress_ns = extreme, bar.ts_ns
        if not reading.ready:
            return None
        if (reading.regime - trade.regime) * side < 0:
            return self._leave("the regime changed")
        if (reading.regime - trade.regime) * side > 0:
            trade.regime = reading.regime
        if bar.ts_ns - trade.progress_ns >= self.progress_hours * HOUR_NS:
            return self._leave(f"no progress in {self.progress_hours:g} hours")
        self._move_stop(trade, bar, reading)
        now = confidence(side, reading.conditions(-side if signal == -side else side), self.weights)
        if WAITING in trade.rungs:
            least = max(self.reduced_confidence, self._account_threshold())
            why = give_up(
                side,
                self.entry_ticks(),
                trade.best,
                trade.risk,
                self.give_up_r,
                trade.confidence,
                now.value,
                self.confidence_decay,
                least,
            )
            if why:
                trade.drop_waiting()
                self.cancel_entries(why)
                self.log(f"Deeper entries are given up: {why}.")
            else:
                self._climb(trade, bar, reading)
        return None

    def _move_stop(self, trade: Trade, bar: Bar, reading: Reading) -> None:
        side = trade.side
        pivot = structure(side, reading.high, reading.low, reading.close_ns, trade.signal_ns, self.pivot_bars)
        candidates = [self.ticks(pivot) - side] if pivot else []
        if trade.halved:
            candidates.append(trade.best - side * max(1, self.ticks(self.trail_atr * reading.atr)))
        for stop in candidates:
            if (bar.close - stop) * side > 0:
                trade.tighten(stop)

    def _take_half(self) -> None:
        """Close half; where the position cannot be split, the stop moves all the same."""
        trade = self._trade
        if trade is None or trade.halved or self.exit_in_flight():
            return
        held = abs(self.position.lots)
        part = int((held * self.half_percent / 100).to_integral_value(ROUND_DOWN))
        least = max(1, self.context.minimum_lots(self.last_price))
        if part < least or held - part < least:
            self._half_taken(trade)
            self._keep()
            return
        self.reduce(part, f"half at +{self.half_at_r:g} R", HALF_TAG)

    def _half_taken(self, trade: Trade) -> None:
        trade.halved = True
        trade.drop_waiting()
        entry = self.entry_ticks()
        if entry:
            trade.tighten(entry)

    def _leave(self, reason: str) -> None:
        if self._trade is not None:
            self._trade.drop_waiting()
        self._side = 0
        self.leave(reason)
        self._keep()
