"""People at random: orders, brackets, algorithms, changes, cancels, and every switch that there is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from tests.simulation.terms import CASH, SYMBOLS
from workstation.core.algorithms import Iceberg, ParentOrder, Scaled, Twap
from workstation.core.brackets import BracketPlan, Target
from workstation.core.messages import (
    AmendOrder,
    AnyCommand,
    CancelAlgorithm,
    CancelAll,
    CancelOrder,
    EndCrisis,
    Flatten,
    Kill,
    LiftThrottle,
    PauseAlgorithm,
    PauseStrategy,
    PlaceOrder,
    Resume,
    ResumeAlgorithm,
    SetTradingState,
    StartAlgorithm,
    StartStrategy,
    StopStrategy,
    TransferPosition,
)
from workstation.core.orders import Intent
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderType, Side, TradingState

if TYPE_CHECKING:
    from tests.simulation.world import World


class People:
    """Commands that a world's own dice choose."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random

    def command(self) -> AnyCommand:
        random, kernel = self._random, self._world.kernel
        now_ns = self._world.market.now_ns
        orders = sorted(kernel.orders.orders)
        symbol = random.choice(list(SYMBOLS))
        strategy = random.choice(list(kernel.host.slots))
        choices: list[Callable[[], AnyCommand]] = [
            *[lambda: PlaceOrder(intent=self._intent(symbol))] * 6,
            lambda: CancelAll(symbol=random.choice(("", symbol)), include_protective=random.random() < 0.3),
            lambda: Flatten(symbol=random.choice(("", symbol)), owner=random.choice(("", strategy))),
            lambda: Kill(reason="at random", flatten=random.random() < 0.3),
            *[lambda: Resume(reason="at random")] * 3,
            lambda: SetTradingState(state=random.choice(list(TradingState))),
            *[lambda: SetTradingState(state=TradingState.ACTIVE)] * 2,
            lambda: PauseStrategy(strategy=random.choice(("", strategy))),
            *[lambda: StartStrategy(strategy=strategy)] * 4,
            lambda: StopStrategy(strategy=strategy),
            *[lambda: LiftThrottle(owner=random.choice(("manual", strategy)))] * 2,
            EndCrisis,
            *[lambda: self._transfer(strategy, symbol)] * 3,
        ]
        if self._world.algorithms:
            choices += self._algorithm_commands(symbol)
        if orders:
            choices += [lambda: CancelOrder(client_id=random.choice(orders[-30:]))] * 3
            choices += [lambda: self._amend(random.choice(orders[-30:]))] * 3
        return msgspec.structs.replace(random.choice(choices)(), ts_ns=now_ns, who="tester")

    def _algorithm_commands(self, symbol: str) -> list[Callable[[], AnyCommand]]:
        random, ids = self._random, list(self._world.kernel.algorithms.parents) or ["none"]
        commands: list[Callable[[], AnyCommand]] = [
            *[lambda: StartAlgorithm(order=self._parent(symbol))] * 16,
            *[lambda: self._bracket(random.choice(("BTCUSDT", "ETHUSDT")))] * 12,
            lambda: PauseAlgorithm(algorithm_id=random.choice(ids)),
            *[lambda: ResumeAlgorithm(algorithm_id=random.choice(ids[-5:]))] * 16,
            *[lambda: Resume(reason="at random")] * 6,
            *[lambda: SetTradingState(state=TradingState.ACTIVE)] * 6,
            lambda: CancelAlgorithm(algorithm_id=random.choice(ids)),
        ]
        return commands

    def _bracket(self, symbol: str) -> PlaceOrder:
        random = self._random
        price = self._world.kernel.markets[symbol].last_price or SYMBOLS[symbol]
        side = random.choice((Side.BUY, Side.SELL))
        worth = self._world.instruments[symbol].lots_rounded(Decimal(CASH) / (Decimal(price) / 100))
        kind = random.choice((OrderType.MARKET, OrderType.LIMIT))
        far = price // 1_000
        share = random.choice((30_000_000, 50_000_000))
        plan = BracketPlan(
            stop=random.randrange(1, far),
            targets=tuple(Target(share, random.randrange(1, far)) for _ in range(random.randrange(3))),
            break_even_after=random.choice((0, far // 4 + 1)),
            trail_after=(trails := random.choice((0, far // 3 + 1))),
            trail=far // 5 + 1 if trails else 0,
        )
        intent = Intent(
            symbol=symbol,
            side=side,
            lots=max(1, worth // random.choice((50, 200))),
            type=kind,
            price=price - int(side) * random.randrange(-far, far) if kind is OrderType.LIMIT else 0,
        )
        return PlaceOrder(intent=intent, bracket=plan)

    def _parent(self, symbol: str) -> ParentOrder:
        random = self._random
        price = self._world.kernel.markets[symbol].last_price or SYMBOLS[symbol]
        side = random.choice((Side.BUY, Side.SELL)) if self._world.instruments[symbol].is_derivative else Side.BUY
        worth = self._world.instruments[symbol].lots_rounded(Decimal(CASH) / (Decimal(price) / 100))
        lots = max(2, worth // random.choice((50, 200)))
        near = price - int(side) * random.randrange(-price // 2000, price // 2000)
        plans: tuple[Twap | Iceberg | Scaled, ...] = (
            Twap(
                duration_ns=random.randrange(5, 60) * SECOND_NS,
                slices=random.randrange(2, 6),
                offset=random.choice((None, 0, 5, -20)),
                randomness=random.choice((0, 50_000_000)),
            ),
            Iceberg(
                price=near, visible=max(1, lots // 5), refill=random.choice((0, 30_000_000)), randomness=30_000_000
            ),
            Scaled(
                first_price=near,
                last_price=near - int(side) * price // 500,
                count=random.randrange(2, 6),
                sizes=random.choice(("linear", "geometric")),
                ratio=random.choice((50_000_000, 100_000_000, 300_000_000)),
            ),
        )
        return ParentOrder(
            symbol=symbol,
            side=side,
            lots=lots,
            plan=random.choice(plans),
            reduce_only=random.random() < 0.1,
            after_restart=random.choice(("go_on", "go_on", "end")),
        )

    def _transfer(self, strategy: str, symbol: str) -> TransferPosition:
        owners = [strategy, "manual"]
        self._random.shuffle(owners)
        return TransferPosition(symbol=symbol, from_owner=owners[0], to_owner=owners[1], reason="at random")

    def _amend(self, client_id: str) -> AmendOrder:
        random, order = self._random, self._world.kernel.orders.orders[client_id]
        return AmendOrder(
            client_id=client_id,
            price=max(0, order.price + random.randrange(-30, 31)) if order.price else None,
            lots=random.choice((None, random.randrange(0, 2 * order.lots + 2))),
        )

    def _intent(self, symbol: str) -> Intent:
        random = self._random
        price = self._world.kernel.markets[symbol].last_price or SYMBOLS[symbol]
        side = random.choice((Side.BUY, Side.SELL))
        kind = random.choice((OrderType.MARKET, OrderType.LIMIT, OrderType.LIMIT, OrderType.STOP))
        reach = random.randrange(-price // 500, price // 500)
        reduce_only = random.random() < 0.3
        worth = self._world.instruments[symbol].lots_rounded(Decimal(CASH) / (Decimal(price) / 100))
        return Intent(
            symbol=symbol,
            side=side,
            lots=random.randrange(-1, max(2, worth // random.choice((2, 10, 100)))),
            type=kind,
            price=price + reach if kind is OrderType.LIMIT else 0,
            stop_price=price + int(side) * abs(reach) if kind is OrderType.STOP else 0,
            reduce_only=reduce_only,
            role=OrderRole.EXIT if reduce_only else OrderRole.ENTRY,
        )
