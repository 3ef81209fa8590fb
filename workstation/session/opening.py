"""Brings an engine back to where the last session ended, and begins the next one in the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from workstation import __version__
from workstation.assembly import Engine, configured_instruments, last_state, session_engine, strategy_registry
from workstation.config.loader import Loaded
from workstation.core.types import Mode
from workstation.core.views import SessionStart
from workstation.session.account_identity import check_account, client_id_token
from workstation.storage.disk_journal import DiskJournal
from workstation.storage.inputs import InputRecorder
from workstation.storage.journal import SessionEntry, SessionHeader
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder
from workstation.trading.arming import Arming
from workstation.trading.kernel_terms import VenueFactory


class Opened(NamedTuple):
    """``before`` is ``None`` where there was no session before; ``recorder`` where inputs are not recorded."""

    engine: Engine
    recorder: InputRecorder | None
    number: int
    seed: int
    before: SessionEntry | None

    def start(self, now_ns: int) -> SessionStart:
        """How it began, for people; asked before anything has changed."""
        kernel = self.engine.kernel
        held = sum(1 for position in kernel.ledger.positions.values() if position.lots)
        return SessionStart(
            ts_ns=now_ns,
            number=self.number,
            follows=self.before.header.number if self.before is not None else 0,
            in_order=self.before is None or self.before.summary is not None,
            open_orders=len(kernel.orders.open_orders()),
            positions=held,
        )


def open_engine(
    loaded: Loaded,
    folder: DataFolder,
    mode: Mode,
    *,
    journal: DiskJournal,
    latch: KillLatch,
    seed: int | None,
    now_ns: int,
    make_venue: VenueFactory | None,
    confirm: Callable[[Arming], None],
    takes_orders: bool,
) -> Opened:
    """The engine of the next session, which has not started. ``seed`` ``None`` is the session's number.

    Raises ``WorkstationError`` where the folder is another account's, or holds what the settings lack.
    """
    settings = loaded.settings
    registry = strategy_registry(settings, loaded.file)
    number = journal.next_session
    seed = number if seed is None else seed
    sessions = journal.sessions()
    before = sessions[-1] if sessions else None
    last = before.header if before is not None else None
    if last is not None:
        check_account(folder.path, last, mode, settings)
    token = client_id_token(last, mode, takes_orders=takes_orders)
    state = last_state(journal, settings, registry)
    recorder = None
    if settings.storage.record_inputs:
        recorder = InputRecorder(folder.session_inputs(number), settings.storage.segment_megabytes * 1_000_000)
    try:
        engine = session_engine(
            settings,
            journal=journal,
            recorder=recorder,
            latch=latch,
            registry=registry,
            session=number,
            seed=seed,
            start_ns=now_ns,
            token=token,
            make_venue=make_venue,
        )
        if state is not None:
            engine.restore(state)
        else:
            engine.kernel.host.expect(name for name, entry in settings.strategies.items() if entry.start)
        if engine.arming is not None:
            confirm(engine.arming)
        loaded_strategies = {
            name: registry.source_hash(entry.strategy)
            for name, entry in settings.strategies.items()
            if name not in engine.failures
        }
        journal.begin_session(
            SessionHeader(
                started_ns=now_ns,
                mode=mode,
                seed=seed,
                engine_version=__version__,
                configuration=loaded.json,
                instruments=configured_instruments(settings, settings.market.symbols),
                strategies=loaded_strategies,
                opening=engine.snapshot(),
                inputs=folder.session_name(number) if recorder is not None else "",
                token=token,
            )
        )
    except BaseException:
        if recorder is not None:
            recorder.close()
        raise
    return Opened(engine, recorder, number, seed, before)
