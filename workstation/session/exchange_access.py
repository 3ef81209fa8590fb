"""A session's way to an exchange: connected, checked, and where real money is at stake armed by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workstation.config.settings import Settings
from workstation.core.clock import WallClock
from workstation.core.errors import ConfigurationError
from workstation.core.types import Mode
from workstation.session.session_link import SessionLink
from workstation.storage.secrets import load_credentials
from workstation.trading.arming import Arming
from workstation.trading.order_cost import FeeRates

if TYPE_CHECKING:
    # ccxt takes 180 MB and a second: only a session with an exchange pays for it.
    from workstation.venues.exchange.account.preflight import Check

BY_WINDOW = "the window"
BY_CONFIGURATION = "live.confirm_account"


class ExchangeAccess:
    """``link`` is ``None`` until it is connected, unless it was given, and on the built-in market always."""

    def __init__(self, settings: Settings, mode: Mode, data: Path, link: SessionLink | None = None) -> None:
        self._settings = settings
        self._mode = mode
        self._data = data
        self._is_given = link is not None
        self.link = link
        self.checks: tuple[Check, ...] = ()
        """The list that must be green before live trading."""
        self.fee_rates: dict[str, FeeRates] = {}
        """What the exchange charges this account by symbol, as each check learns it anew; empty on paper."""
        self._armed_by = ""
        self._unattended = False

    @property
    def has_checks(self) -> bool:
        """Whether there is an exchange to ask whether it is in order."""
        return self._mode is Mode.LIVE and self._settings.market.source == "exchange" and self.link is not None

    async def connect(self, clock: WallClock) -> None:
        """Reach the exchange, or the services over NATS, where the settings name them.

        Raises ``WorkstationError``, holding nothing.
        """
        if self._is_given:
            return
        source = self._settings.market.source
        if source == "feed":
            await self._connect_feed(clock)
        if source != "exchange":
            return
        from workstation.session.exchange_link import ExchangeLink

        exchange, credentials = self._settings.exchange, None
        if self._mode is Mode.LIVE:
            credentials = load_credentials(Mode.LIVE, exchange.key, exchange.name)
        link = ExchangeLink(self._settings, clock, credentials)
        await link.open()
        self.link = link
        if self._mode is Mode.LIVE:
            try:
                await self.check()
            except BaseException:
                await self.disconnect()
                raise

    async def _connect_feed(self, clock: WallClock) -> None:
        from workstation.session.feed_link import FeedLink

        link = FeedLink(self._settings, self._data, clock)
        await link.open()
        self.link = link

    async def check(self) -> None:
        """Go through the list that must be green, again where it was not. Raises ``WorkstationError``."""
        from workstation.session.exchange_link import ExchangeLink

        assert isinstance(self.link, ExchangeLink)
        self.checks, rates = await self.link.preflight()
        self.fee_rates.update(rates)

    async def disconnect(self) -> None:
        """Let go of the exchange."""
        link, self.link = self.link, None
        if link is not None:
            await link.close()

    def arm(self, account: str, who: str = BY_WINDOW) -> None:
        """Allow live trading of the account that a person has named. Raises ``ConfigurationError``."""
        name = self._settings.account.name
        if account.strip() != name:
            named = f"not “{account}”" if account.strip() else "and nothing was typed"
            raise ConfigurationError(f"Live trading is not armed: the account is “{name}”, {named}.")
        self.require_passed()
        self._armed_by = who

    def require_passed(self) -> None:
        """Raises ``ConfigurationError`` where the list is not all green."""
        failed = [check for check in self.checks if not check.passed]
        if failed:
            texts = " ".join(f"{check.name}: {check.text}" for check in failed)
            raise ConfigurationError(f"Live trading is not armed, for the checks are not all passed. {texts}")

    def arm_unattended(self) -> None:
        """Arm where nobody can type: the configuration names the account. Raises ``ConfigurationError``.

        It arms an account once: what was armed before stays armed for as long as it was to be, or disarmed.
        """
        confirmed = self._settings.live.confirm_account
        if not confirmed:
            raise ConfigurationError(
                "Live trading is not armed: where nobody can type it, write the account's name, "
                f"“{self._settings.account.name}”, under live.confirm_account."
            )
        self.arm(confirmed, BY_CONFIGURATION)
        self._unattended = True

    def require_armed(self) -> None:
        """Raises ``ConfigurationError`` where live trading was not armed."""
        if self._mode is Mode.LIVE and not self._armed_by:
            raise ConfigurationError("Live trading is not armed: name the account first.")

    def confirm(self, arming: Arming) -> None:
        """Tell the engine who has armed it, unless it goes on from an earlier session without a person."""
        if not (self._unattended and arming.armed_ns):
            arming.confirm(self._armed_by)
