"""The engine as its journal tells it, record by record: what is published cannot tell another story than the books."""

from __future__ import annotations

import msgspec

from workstation.assembly import session_engine
from workstation.config.loader import settings_from_json
from workstation.core.messages import Output
from workstation.storage.journal import MemoryJournal, SessionHeader
from workstation.trading.kernel import Kernel
from workstation.trading.registry import StrategyRegistry


class JournalEngine:
    """Stands where the last record that it was given left the books. It never trades, and runs no strategy.

    Raises ``ConfigurationError`` for a session that another version of the workstation recorded.
    """

    def __init__(self, header: SessionHeader) -> None:
        settings = settings_from_json(header.configuration)
        self.settings = msgspec.structs.replace(settings, strategies={})
        self.header = header
        self._engine = session_engine(
            self.settings,
            journal=MemoryJournal(),
            recorder=None,
            latch=None,
            registry=StrategyRegistry(None),
            session=header.number,
            seed=header.seed,
            start_ns=header.started_ns,
            token=header.token,
        )
        self._engine.restore(header.opening)

    @property
    def kernel(self) -> Kernel:
        return self._engine.kernel

    def apply(self, record: Output) -> None:
        """Take the next record."""
        self._engine.apply_records((record,))
