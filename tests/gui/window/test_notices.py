"""What is told beyond the window: sounds, notifications and the tray."""

from __future__ import annotations

import wave

import pytest
from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QSystemTrayIcon

from tests.gui.conftest import Workstation
from widgets.look.tokens import RESOURCES
from widgets.window.notices import Sound
from widgets.window.sounds import Sounds
from widgets.window.tray import Tray
from workstation.core.messages import StrategyChanged
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import StrategyState


class Heard:
    """Collects what the window would tell."""

    def __init__(self, station: Workstation) -> None:
        self.sounds: list[Sound] = []
        self.words: list[str] = []
        station.window.outside.notices.sounded.connect(self.sounds.append)
        station.window.outside.notices.notified.connect(lambda title, text: self.words.append(f"{title}. {text}"))


@pytest.mark.allow_log_warnings("kill switch", "Killed")
def test_a_kill_is_told_once(station: Workstation) -> None:
    heard = Heard(station)
    assert station.window.panic is not None
    station.window.panic.kill()
    station.pass_time(1)
    assert len(heard.words) == 1 and heard.words[0].startswith("paper-01: killed. ")
    assert heard.sounds == [Sound.WARNING]


def test_a_fill_sounds_and_is_told_while_nobody_looks(station: Workstation, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard(station)
    monkeypatch.setattr(station.window, "isActiveWindow", lambda: True)
    station.buy()
    station.pass_time(2)
    assert heard.sounds and set(heard.sounds) == {Sound.FILL}
    assert heard.words == []
    monkeypatch.setattr(station.window, "isActiveWindow", lambda: False)
    station.buy("ETHUSDT")
    station.pass_time(2)
    assert heard.words[0].startswith("paper-01: filled. Buy 0.1 ETHUSDT at ")


def test_crisis_mode_and_a_strategy_that_failed_are_told(station: Workstation) -> None:
    heard = Heard(station)
    station.kernel.guards.enter_crisis(station.clock.now, "3 losses in a row")
    station.kernel.bus.publish(StrategyChanged(ts_ns=station.clock.now, strategy="grid", state=StrategyState.RUNNING))
    station.pass_time(1)
    assert heard.words == ["paper-01: warning. Crisis mode: 3 losses in a row."]
    station.kernel.bus.publish(
        StrategyChanged(ts_ns=station.clock.now, strategy="grid", state=StrategyState.FAILED, detail="it raised")
    )
    station.frame()
    assert heard.words[1:] == ["paper-01: error. grid: Failed: it raised."]
    assert heard.sounds == [Sound.WARNING] * 2


@pytest.mark.allow_log_warnings
def test_a_lost_feed_is_told_once_and_silence_can_be_chosen(station: Workstation) -> None:
    heard = Heard(station)
    station.clock.now += 8 * SECOND_NS
    station.frame()
    station.frame()
    assert heard.words == ["paper-01: no prices. New orders are denied until the feed is back."]
    station.pass_time(1)
    station.window.registry.run("appearance.sounds.false")
    station.window.registry.run("appearance.notifications.false")
    station.clock.now += 8 * SECOND_NS
    station.frame()
    assert len(heard.words) == 1 and heard.sounds == [Sound.WARNING]


def test_sounds_are_files_that_a_player_of_the_system_gets(
    station: Workstation, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def start(program: str, arguments: list[str]) -> bool:
        started.append(arguments)
        return True

    monkeypatch.setattr(QProcess, "startDetached", start)
    sounds = Sounds(station.window)
    sounds._player = "player"
    for sound in Sound:
        with wave.open(str(RESOURCES / "sounds" / f"{sound}.wav")) as file:
            assert 0.1 < file.getnframes() / file.getframerate() < 1
    sounds.play(Sound.FILL)
    sounds.play(Sound.WARNING)
    assert [call[0].rpartition("/")[2] for call in started] == ["fill.wav"], "sounds that come too fast are left out"


@pytest.mark.qt_log_ignore("systemTrayWindowChanged")
def test_the_tray_says_the_result_and_brings_the_window_back(station: Workstation) -> None:
    tray = Tray(station.model, station.window.registry, station.window.outside.notices)
    station.buy()
    station.pass_time(2)
    result = station.model.account.day_result
    assert tray.icon.toolTip().startswith("PAPER paper-01: −" if result < 0 else "PAPER paper-01: ")
    assert "USDT today, ACTIVE" in tray.icon.toolTip() and not tray.icon.icon().isNull()
    tray.menu.aboutToShow.emit()
    entries = [entry.text().partition("\t")[0] for entry in tray.menu.actions()]
    assert entries[0] == "Show the window" and "Kill: stop all trading" in entries
    station.window.showMinimized()
    tray.icon.activated.emit(tray.icon.ActivationReason.Trigger)
    assert not station.window.isMinimized() and station.window.isVisible()


@pytest.mark.qt_log_ignore("systemTrayWindowChanged")
@pytest.mark.allow_log_warnings("kill switch", "Killed")
def test_an_attended_window_plays_and_notifies(station: Workstation, monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[Sound] = []
    shown: list[str] = []
    monkeypatch.setattr(Sounds, "play", lambda _, sound: played.append(sound))
    monkeypatch.setattr(Tray, "notify", lambda _, title, text: shown.append(title))
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    station.window.outside.attend(station.window.registry)
    assert station.window.panic is not None
    station.window.panic.kill()
    station.pass_time(1)
    assert played == [Sound.WARNING] and shown == ["paper-01: killed"]
