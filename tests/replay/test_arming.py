"""A live session's arming over restarts and in the proof of its journal; prices are the built-in market's."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.replay.paper_session import START_NS, HandClock, busy_configuration, with_settings
from workstation.__main__ import main
from workstation.commands import resume
from workstation.config.loader import Loaded
from workstation.core.errors import ConfigurationError
from workstation.core.messages import Arm, ArmingChanged, Heartbeat, LogLine
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.core.types import TradingState
from workstation.session import Session
from workstation.session.shared_files import ArmingFiles, ArmingShown, ArmingWish
from workstation.storage.disk_journal import JournalReader
from workstation.storage.layout import DataFolder
from workstation.verification import verify

pytestmark = pytest.mark.allow_log_warnings("disarm", "not armed")
replace = msgspec.structs.replace


def live(hours: str = "8", confirmed: str = "practice") -> Loaded:
    loaded = busy_configuration()
    settings = loaded.settings
    market = replace(settings.market, built_in=replace(settings.market.built_in, history_days=1))
    settings = replace(
        settings,
        mode="live",
        account=replace(settings.account, name="practice"),
        live=replace(settings.live, confirm_account=confirmed, disarm_after_hours=Decimal(hours)),
        market=market,
        strategies={},
    )
    return with_settings(loaded, settings)


class LiveSession:
    """Opened at a time; ``typed`` where a person names the account, else the configuration does."""

    def __init__(self, data: Path, loaded: Loaded, start_ns: int = START_NS, *, typed: bool = False) -> None:
        self.session = Session(loaded, data, 7)
        self.clock = HandClock(start_ns)
        self.session.clock = self.clock  # type: ignore[assignment]
        if typed:
            self.session.arm("practice")
        else:
            self.session.arm_unattended()
        self.session.open()
        self.look()

    def pass_to(self, now_ns: int) -> None:
        self.clock.ns = now_ns
        self.session.dispatch(Heartbeat(now_ns))
        self.look()

    def look(self) -> None:
        self.session.dispatch(Heartbeat(self.clock.ns + 1))
        self.session.control.look()

    def trading(self) -> TradingState:
        return self.session.kernel.trading.state

    def close(self) -> None:
        self.session.finish()


def told(data: Path) -> list[ArmingChanged]:
    reader = JournalReader(DataFolder(data).journal)
    try:
        return [
            record
            for entry in reader.sessions()
            for record in reader.records(entry.header.number)
            if isinstance(record, ArmingChanged)
        ]
    finally:
        reader.close()


def test_a_restart_without_a_person_goes_on_counting(tmp_path: Path) -> None:
    first = LiveSession(tmp_path, live())
    first.pass_to(START_NS + 3 * HOUR_NS)
    first.close()
    second = LiveSession(tmp_path, live(), START_NS + 4 * HOUR_NS)
    assert second.session.arming is not None
    assert second.session.arming.until_ns == START_NS + 8 * HOUR_NS
    second.pass_to(START_NS + 8 * HOUR_NS - MINUTE_NS)
    assert second.trading() is TradingState.ACTIVE and second.session.arming.state.soon
    second.pass_to(START_NS + 8 * HOUR_NS)
    assert second.trading() is TradingState.REDUCING
    second.close()
    third = LiveSession(tmp_path, live(), START_NS + 9 * HOUR_NS)
    assert third.trading() is TradingState.REDUCING, "disarmed it stays, however often it is started"
    third.close()
    assert [(record.armed, record.armed_ns) for record in told(tmp_path)] == [
        (True, START_NS),
        (True, START_NS),
        (False, START_NS),
        (False, START_NS),
    ]
    assert verify(DataFolder(tmp_path), None).sessions == 3


def test_a_time_that_ran_out_while_nothing_ran_is_over_at_the_start(tmp_path: Path) -> None:
    LiveSession(tmp_path, live()).close()
    later = LiveSession(tmp_path, live(), START_NS + 20 * HOUR_NS)
    assert later.trading() is TradingState.REDUCING and later.session.arming is not None
    assert not later.session.arming.state.armed
    assert "disarmed itself after 8 h" in later.session.kernel.trading.reason
    later.close()
    assert verify(DataFolder(tmp_path), None).sessions == 2


def test_typing_the_name_at_a_start_arms_anew(tmp_path: Path) -> None:
    LiveSession(tmp_path, live()).close()
    now_ns = START_NS + 20 * HOUR_NS
    later = LiveSession(tmp_path, live(), now_ns, typed=True)
    assert later.trading() is TradingState.ACTIVE and later.session.arming is not None
    assert later.session.arming.state == (True, now_ns, now_ns + 8 * HOUR_NS, False, "the window")
    later.close()
    assert verify(DataFolder(tmp_path), None).sessions == 2


def test_a_command_arms_again_and_the_journal_is_proved(tmp_path: Path) -> None:
    lines: list[str] = []
    session = LiveSession(tmp_path, live())
    session.session.kernel.bus.subscribe(LogLine, lambda line: lines.append(line.text))
    session.pass_to(START_NS + 8 * HOUR_NS)
    assert "account is “practice”, not “other”" in session.session.command(Arm(account="other"))
    assert session.trading() is TradingState.REDUCING
    session.session.command(Arm(account="practice"))
    assert session.trading() is TradingState.ACTIVE
    session.pass_to(START_NS + 16 * HOUR_NS + MINUTE_NS)
    assert session.trading() is TradingState.REDUCING
    session.close()
    assert [text for text in lines if "disarms itself in 5 min" in text]
    assert verify(DataFolder(tmp_path), None).sessions == 1


@pytest.mark.parametrize("confirmed", ["practice", ""])
def test_the_file_of_the_command_line_arms_only_what_the_configuration_names(tmp_path: Path, confirmed: str) -> None:
    session = LiveSession(tmp_path, live(confirmed=confirmed), typed=True)
    files = ArmingFiles(tmp_path)
    assert files.read() == ArmingShown(True, False, START_NS + 8 * HOUR_NS)
    session.pass_to(START_NS + 8 * HOUR_NS)
    assert files.read() == ArmingShown(False, False, START_NS + 8 * HOUR_NS)
    files.wish(ArmingWish("me"))
    session.look()
    assert session.trading() is (TradingState.ACTIVE if confirmed else TradingState.REDUCING)
    shown = files.read()
    assert shown is not None and shown.armed is bool(confirmed)
    session.close()
    assert files.read() is None


@pytest.mark.parametrize("confirmed", ["practice", ""])
def test_workstation_resume_arms_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, confirmed: str
) -> None:
    monkeypatch.setattr(resume, "PATIENCE_S", 2.0)
    session = LiveSession(tmp_path, live(confirmed=confirmed), typed=True)
    assert main(["resume", "--data", str(tmp_path)]) == 0
    assert "nothing was changed" in capsys.readouterr().out, "it is armed, and is not armed for longer by this"
    session.pass_to(START_NS + 8 * HOUR_NS)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(main, ["resume", "--data", str(tmp_path)])
        while not asked.done():
            session.look()
            time.sleep(0.01)
    assert asked.result() == (0 if confirmed else 1)
    said = "Live trading is armed until 2024-03-01 23:30:00 UTC." if confirmed else "under live.confirm_account"
    assert said in capsys.readouterr().out
    assert session.trading() is (TradingState.ACTIVE if confirmed else TradingState.REDUCING)
    session.close()


def test_resume_where_nothing_runs_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", "--data", str(tmp_path)]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert not (tmp_path / "arming.wish").exists()


def test_zero_never_disarms(tmp_path: Path) -> None:
    session = LiveSession(tmp_path, live("0"))
    session.pass_to(START_NS + 1_000 * HOUR_NS)
    assert session.trading() is TradingState.ACTIVE
    session.close()


def test_nothing_is_armed_without_a_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="write the account's name"):
        LiveSession(tmp_path, live(confirmed=""))
