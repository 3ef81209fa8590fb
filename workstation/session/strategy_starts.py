"""Starts strategies once the feed of their symbol stands, so that their first order is not denied for want of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workstation.core.messages import AnyCommand, LogLine, PauseStrategy, StartStrategy, StopStrategy
from workstation.core.types import Severity, StrategyState
from workstation.trading.kernel import Kernel

_DECISIONS = (StartStrategy, PauseStrategy, StopStrategy)


class StrategyStarts:
    """``command`` carries out a command. What waits is no state of the engine: only the commands are its inputs.

    ``connects`` says that a feed has to be connected first, as that of an exchange, so that it may take a while.
    """

    def __init__(self, kernel: Kernel, command: Callable[[AnyCommand], str], *, connects: bool) -> None:
        self._kernel = kernel
        self._command = command
        self._connects = connects
        self._waiting: dict[str, tuple[AnyCommand, ...]] = {}

    @property
    def waiting(self) -> tuple[str, ...]:
        """Strategies whose feed does not stand yet."""
        return tuple(self._waiting)

    def begin(self, resumed: Mapping[str, StrategyState], who: str) -> None:
        """Those that ran when the last session ended, or were to start by themselves and have not come to it."""
        for name, state in resumed.items():
            start = StartStrategy(strategy=name, who=who)
            if state is StrategyState.PAUSED:
                self.want(name, start, PauseStrategy(strategy=name, who=who))
            else:
                self.want(name, start)

    def want(self, strategy: str, *commands: AnyCommand) -> None:
        """Give these commands once the strategy's feed stands, and say so where it does not yet."""
        self._waiting[strategy] = commands
        symbol = self._kernel.host.slots[strategy].strategy.symbol
        if self._connects and not self._kernel.feed_stands(symbol):
            text = f"Waits for the first data of {symbol}, then starts."
            now_ns = self._kernel.clock.time_ns
            # Not a record of the journal: it does not follow from the inputs.
            self._kernel.bus.publish(LogLine(ts_ns=now_ns, severity=Severity.INFO, source=strategy, text=text))
        self.look()

    def look(self) -> None:
        """Start what need not wait any more: after each input, as a backtest over a recording does."""
        for strategy in list(self._waiting):
            if self._kernel.feed_stands(self._kernel.host.slots[strategy].strategy.symbol):
                # A command is an input too, after which this is asked again.
                for command in self._waiting.pop(strategy, ()):
                    self._command(command)

    def give_way(self, command: AnyCommand) -> None:
        """A person who starts, pauses or stops a strategy that waits has decided; without a name, over all."""
        if isinstance(command, _DECISIONS):
            for strategy in (command.strategy,) if command.strategy else self.waiting:
                self._waiting.pop(strategy, None)
