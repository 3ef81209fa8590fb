"""Every number of the confluence strategy."""

from __future__ import annotations

from abc import ABC
from decimal import Decimal
from itertools import pairwise

from workstation.core.errors import StrategyError
from workstation.strategies.confluence.confidence import Weights
from workstation.strategies.protected import ProtectedStrategy
from workstation.trading.parameters import Amount, Flag, Integer, Number


def _points(default: float, help: str) -> Number:
    return Number(default, minimum=0.0, maximum=100.0, step=1.0, unit="points", help=help)


def _bars(default: int, help: str, minimum: int = 2, maximum: int = 500) -> Integer:
    return Integer(default, minimum=minimum, maximum=maximum, step=1, unit="bars", help=help)


def _percent(default: str, help: str, maximum: str = "100") -> Amount:
    return Amount(
        Decimal(default), minimum=Decimal(0), maximum=Decimal(maximum), step=Decimal("0.1"), unit="%", help=help
    )


class ConfluenceParameters(ProtectedStrategy, ABC):
    """Declarations alone; the periods of each part count bars of that part's timeframe."""

    regime_weight = _points(25.0, "Points of a regime that favours the trade.")
    regime_ema = _bars(200, "EMA of the daily close that divides bullish from bearish.", maximum=400)
    regime_macd_fast = _bars(12, "Fast period of the daily MACD.")
    regime_macd_slow = _bars(26, "Slow period of the daily MACD.")
    regime_macd_signal = _bars(9, "Signal period of the daily MACD; it tells when MACD is ready.")

    setup_weight = _points(30.0, "Points of a setup that favours the trade.")
    setup_ema_fast = _bars(8, "Fastest of the three EMAs that must be stacked.")
    setup_ema_middle = _bars(21, "Middle of the three EMAs.")
    setup_ema_slow = _bars(55, "Slowest of the three EMAs.")
    setup_adx = _bars(14, "Period of ADX.")
    setup_least_adx = Number(25.0, minimum=0.0, maximum=100.0, step=1.0, help="ADX must be above this.")
    setup_atr = _bars(14, "Period of the setup's ATR.")
    setup_reach = Number(
        2.0, minimum=0.0, maximum=20.0, step=0.1, unit="ATR", help="The close may be this far from the fastest EMA."
    )

    signal_weight = _points(35.0, "Points of any signal in the trade's direction.")
    pullback_ema = _bars(21, "EMA that the price comes back to.")
    rsi = _bars(14, "Period of RSI.")
    pullback_buy_rsi = Number(40.0, minimum=0.0, maximum=100.0, step=1.0, help="RSI below this before a bounce up.")
    pullback_sell_rsi = Number(60.0, minimum=0.0, maximum=100.0, step=1.0, help="RSI above this before a turn down.")
    pullback_reach = Number(
        0.5, minimum=0.0, maximum=10.0, step=0.1, unit="ATR", help="A bar this near to the EMA has come back to it."
    )
    breakout_channel = _bars(20, "Length of the Donchian channel.")
    breakout_volume = Number(
        1.2, minimum=0.0, maximum=10.0, step=0.1, unit="× average", help="Least volume of a breakout."
    )
    pivot_bars = _bars(3, "A pivot stands out over this many bars on each side.", minimum=1, maximum=20)
    divergence_bars = _bars(60, "Most bars between the two pivots of a divergence.", minimum=4)
    use_pullback = Flag(True, help="Trade pullbacks.")
    use_breakout = Flag(True, help="Trade breakouts.")
    use_divergence = Flag(True, help="Trade divergences.")

    atr = _bars(14, "Period of ATR for stops and volatility.")
    average_bars = _bars(20, "Bars before this one that average ATR and volume.")
    volatility_multiple = Number(
        2.0, minimum=0.0, maximum=20.0, step=0.1, unit="× average", help="ATR above this is high volatility."
    )
    volume_multiple = Number(
        0.8, minimum=0.0, maximum=10.0, step=0.1, unit="× average", help="Volume below this is thin."
    )
    volatility_penalty = _points(3.0, "Taken off when volatility is high.")
    volume_penalty = _points(3.0, "Taken off when volume is thin.")
    conflict_penalty = _points(4.0, "Taken off when two timeframes point in opposite directions.")
    most_penalty = _points(10.0, "All penalties together take off no more.")
    full_confidence = _points(70.0, "From here on the full size is traded.")
    reduced_confidence = _points(50.0, "From here on the reduced size is traded; below, nothing.")
    reduced_factor = Amount(
        Decimal("0.7"), minimum=Decimal(0), maximum=Decimal(1), step=Decimal("0.05"), help="The reduced size."
    )

    risk_percent = _percent("0.6", "Of equity lost at the first soft stop by the whole ladder.", "5")
    order_value_percent = _percent("29", "Most of equity in one entry, a little below the account's own limit.")
    position_value_percent = _percent("87", "Most of equity in the whole position.")
    first_percent = _percent("25", "Of the risk, entered at the signal.")
    second_percent = _percent("35", "Of the risk, entered on confirmation.")
    third_percent = _percent("40", "Of the risk, entered on momentum.")
    confirmation_bars = _bars(2, "Bars after the signal at which it is confirmed or not.", minimum=1, maximum=50)
    momentum_bars = _bars(4, "Bars after the signal at which momentum is asked for.", minimum=2, maximum=100)
    momentum_rsi = Number(50.0, minimum=0.0, maximum=100.0, step=1.0, help="RSI must be beyond this for momentum.")
    give_up_r = Number(0.5, minimum=0.0, maximum=10.0, step=0.1, unit="R", help="Deeper entries end at this profit.")
    confidence_decay = _points(15.0, "Deeper entries end when confidence falls by this since the signal.")

    stop_atr = Number(1.5, minimum=0.1, maximum=20.0, step=0.1, unit="ATR", help="First soft stop from the entry.")
    trail_atr = Number(1.0, minimum=0.1, maximum=20.0, step=0.1, unit="ATR", help="Trailing distance after +1 R.")
    progress_hours = Number(
        48.0, minimum=1.0, maximum=1000.0, step=1.0, unit="h", help="The trade ends without a better price for so long."
    )
    hard_stop_percent = _percent("2", "Of equity lost at the hard stop that rests at the venue.", "20")
    half_at_r = Number(1.0, minimum=0.1, maximum=20.0, step=0.1, unit="R", help="Half is closed at this profit.")
    half_percent = _percent("50", "Of the position, closed then; its stop goes to break-even.")
    least_reward = Number(2.0, minimum=0.0, maximum=20.0, step=0.1, unit="R", help="Least planned reward.")
    target_bars = _bars(120, "The planned target is the extreme of these bars, or the channel's height beyond.")
    allow_short = Flag(True, help="Sell short where the instrument allows it.")

    def check_parameters(self) -> None:
        """Refuse periods that are out of order and a ladder that is not 100 %."""
        for names in (
            ("regime_macd_fast", "regime_macd_slow"),
            ("setup_ema_fast", "setup_ema_middle", "setup_ema_slow"),
            ("confirmation_bars", "momentum_bars"),
            ("reduced_confidence", "full_confidence"),
            ("pullback_buy_rsi", "pullback_sell_rsi"),
        ):
            values = [getattr(self, name) for name in names]
            if any(first >= second for first, second in pairwise(values)):
                raise StrategyError(
                    f"Strategy {self.name}: {', '.join(names)} must rise, not be {', '.join(map(str, values))}."
                )
        ladder = self.first_percent + self.second_percent + self.third_percent
        if ladder != 100:
            raise StrategyError(
                f"Strategy {self.name}: first_percent, second_percent and third_percent must add up to 100, "
                f"not {ladder}."
            )
        if self.regime_weight + self.setup_weight + self.signal_weight <= 0:
            raise StrategyError(f"Strategy {self.name}: regime, setup and signal weigh nothing; give one points.")

    @property
    def weights(self) -> Weights:
        return Weights(
            self.regime_weight,
            self.setup_weight,
            self.signal_weight,
            self.volatility_penalty,
            self.volume_penalty,
            self.conflict_penalty,
            self.most_penalty,
        )
