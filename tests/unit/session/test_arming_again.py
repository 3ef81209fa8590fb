"""To arm again asks the exchange first, and arms nothing where it does not answer as it should."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from workstation.core.errors import ConfigurationError
from workstation.core.messages import Arm
from workstation.session.arming_again import CHECKING, UNDER_WAY, ArmingAgain
from workstation.session.exchange_access import ExchangeAccess


class Access:
    """An exchange that answers when it is let."""

    has_checks = True

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.passes = True
        self.asked = 0

    async def check(self) -> None:
        self.asked += 1
        await self.answers.wait()

    def require_passed(self) -> None:
        if not self.passes:
            raise ConfigurationError("Live trading is not armed: the key may withdraw.")


class Desk:
    def __init__(self) -> None:
        self.access = Access()
        self.armed: list[Arm] = []
        self.told: list[tuple[str, bool]] = []
        self.again = ArmingAgain(
            cast(ExchangeAccess, self.access), "practice", self._carry_out, lambda *told: self.told.append(told)
        )

    def _carry_out(self, command: Arm) -> str:
        self.armed.append(command)
        return "armed"


ARM = Arm(account="practice", who="anna")


async def test_it_arms_once_the_checks_have_passed_and_asks_once_at_a_time() -> None:
    desk = Desk()
    assert desk.again.wish(ARM) == CHECKING
    await asyncio.sleep(0)
    assert desk.again.wish(ARM) == UNDER_WAY and desk.armed == []
    desk.access.answers.set()
    await asyncio.sleep(0.01)
    assert desk.armed == [ARM] and desk.told == [("armed", True)] and desk.access.asked == 1


async def test_a_red_check_arms_nothing_and_is_told() -> None:
    desk = Desk()
    desk.access.passes = False
    desk.access.answers.set()
    desk.again.wish(ARM)
    await asyncio.sleep(0.01)
    assert desk.armed == [] and desk.told == [("Live trading is not armed: the key may withdraw.", False)]
    with pytest.raises(ConfigurationError, match="may withdraw"):
        await desk.again.arm(ARM)
    assert desk.armed == [] and desk.access.asked == 2


async def test_a_session_that_ends_meanwhile_arms_nothing() -> None:
    desk = Desk()
    desk.again.wish(ARM)
    await asyncio.sleep(0)
    await desk.again.close()
    desk.access.answers.set()
    await asyncio.sleep(0.01)
    assert desk.armed == [] and desk.told == []


async def test_a_wrong_name_is_the_engines_to_refuse_and_asks_nothing() -> None:
    desk = Desk()
    wrong = Arm(account="other")
    assert not desk.again.needs_checks(wrong)
    assert await desk.again.arm(wrong) == "armed" and desk.armed == [wrong]
    assert desk.access.asked == 0
