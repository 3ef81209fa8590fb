"""The shipped configuration loads; everything that does not fit is one sentence with file, line and key."""

from __future__ import annotations

import pickle
import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import yaml
from msgspec import Struct

from workstation.config.loader import Loaded, load_settings, profile_names, settings_from_json, settings_json
from workstation.config.ranges import RANGES
from workstation.config.settings import Settings
from workstation.core.errors import ConfigurationError
from workstation.core.types import InstrumentKind

SHIPPED = Path(__file__).parents[3] / "config" / "strategy.yaml"
TEXT = SHIPPED.read_text(encoding="utf-8")
SHIPPED_TREE = pickle.dumps(yaml.load(TEXT, yaml.CSafeLoader))
EXTRA_STRATEGY = """  mine:
    strategy: mine
    symbol: BTCUSDT
    timeframe: 1h
    parameters: {a: 0.1000000000000000055, b: 7, c: true, d: on}"""


def load_changed(folder: Path, pattern: str, replacement: str, profile: str = "") -> Loaded:
    """The shipped file, the first match of ``pattern`` replaced; ``profile`` is a profile's text."""
    text, count = re.subn(pattern, replacement, TEXT, count=1, flags=re.MULTILINE)
    assert count == 1, f"nothing matches {pattern}"
    file = folder / "strategy.yaml"
    file.write_text(text, encoding="utf-8")
    if profile:
        (folder / "profiles").mkdir()
        (folder / "profiles" / "p.yaml").write_text(profile, encoding="utf-8")
    return load_settings(file, "p" if profile else None)


def message(folder: Path, pattern: str, replacement: str, profile: str = "") -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_changed(folder, pattern, replacement, profile)
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".")
    return text.replace(str(folder) + "/", "")


def line_of(beginning: str) -> int:
    return 1 + next(i for i, line in enumerate(TEXT.splitlines()) if line.startswith(beginning))


def test_shipped_file_holds_the_documented_defaults() -> None:
    settings = load_settings(SHIPPED).settings
    assert (settings.mode, settings.account.cash, settings.account.leverage) == ("paper", Decimal(10000), 1)
    assert (settings.paper.taker_bps, settings.paper.maker_bps) == (Decimal(7), Decimal(-1))
    assert (settings.backtest.costs.taker_bps, settings.backtest.costs.maker_bps) == (Decimal(10), Decimal(2))
    assert settings.risk.risk_per_trade_percent == Decimal("0.6")
    assert (settings.risk.open_positions, settings.risk.open_orders) == (3, 50)
    assert [name for name, entry in settings.strategies.items() if entry.start] == ["ema_cross", "grid"]


def test_spot_prices_of_the_sample_are_exact_ticks_and_eight_symbols_are_described() -> None:
    settings = load_settings(SHIPPED).settings
    assert len(settings.market.symbols) == 8
    assert settings.instruments["BTCUSDT"].ticks("16541.77") == 1654177
    assert {instrument.kind for instrument in settings.instruments.values()} == {InstrumentKind.LINEAR}


@pytest.mark.parametrize("profile", ["", *profile_names(SHIPPED)])
def test_profiles_load_and_settings_survive_the_journal_unchanged(profile: str) -> None:
    loaded = load_settings(SHIPPED, profile)
    again = settings_from_json(loaded.json)
    assert again == loaded.settings
    assert settings_json(again) == loaded.json


def test_decimal_parameters_survive_the_journal_exactly(tmp_path: Path) -> None:
    loaded = load_changed(tmp_path, r"^strategies:$", "strategies:\n" + EXTRA_STRATEGY)
    values = settings_from_json(loaded.json).strategies["mine"].parameters
    assert values == {"a": Decimal("0.1000000000000000055"), "b": 7, "c": True, "d": "on"}
    assert isinstance(values["a"], Decimal) and type(values["b"]) is int
    assert not loaded.settings.strategies["mine"].start


def test_decimals_keep_every_digit(tmp_path: Path) -> None:
    loaded = load_changed(tmp_path, r"^  cash: 10000$", "  cash: 0.1000000000000000055511151231257827")
    assert loaded.settings.account.cash == Decimal("0.1000000000000000055511151231257827")


def fields_of(struct: type[Struct], prefix: str = "") -> list[tuple[type[Struct], str, Any]]:
    found = []
    for name, hint in get_type_hints(struct).items():
        found.append((struct, name, hint))
        for inner in (hint, *get_args(hint)):
            if isinstance(inner, type) and issubclass(inner, Struct):
                found += fields_of(inner)
    return found


def test_every_number_has_a_range() -> None:
    for struct, name, hint in fields_of(Settings):
        kinds = (get_args(hint)[1],) if get_origin(hint) is dict else (hint,)
        if int in kinds or Decimal in kinds:
            assert name in RANGES[struct], f"{struct.__name__}.{name}"
    for struct, ranges in RANGES.items():
        assert set(ranges) <= set(get_type_hints(struct)), struct.__name__


def test_every_key_is_documented_where_it_first_stands() -> None:
    lines = TEXT.splitlines()
    named = {name for struct, name, _ in fields_of(Settings)}
    documented: set[str] = set()
    bare: set[str] = set()
    for before, line in pairwise(lines):
        key = re.match(r" *(?:- )?([a-z_0-9]+):", line)
        if key and before.strip().startswith("#"):
            documented.add(key[1])
        elif key:
            bare.add(key[1])
    inside_entries = {"symbol"}  # The instrument's symbol is its key.
    assert named - documented - inside_entries == set()
    assert "risk" in documented and "cash" in documented and "tick" in bare


def required_paths() -> list[str]:
    loaded = load_settings(SHIPPED)
    once = ("instruments.ETHUSDT", "strategies.", "risk.order_quantity.BTC", "risk.order_quantity.ETH")
    return [
        path
        for path in loaded.lines
        if "[" not in path
        and (not path.startswith(("instruments.", "strategies.")) or path.startswith(once[0] + "."))
        and not path.startswith(once[2:])
    ]


@pytest.mark.parametrize("path", required_paths())
def test_a_missing_key_is_named(path: str, tmp_path: Path) -> None:
    """Every key but a strategy's ``start`` and ``parameters``, which have safe meanings when absent."""
    tree = pickle.loads(SHIPPED_TREE)
    *parents, last = path.split(".")
    node = tree
    for parent in parents:
        node = node[parent]
    del node[last]
    file = tmp_path / "strategy.yaml"
    file.write_text(yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"strategy.yaml.*: {re.escape(path)} is missing; add"):
        load_settings(file)


@pytest.mark.parametrize(
    ("pattern", "replacement", "expected"),
    [
        (
            r"^  day_loss_percent: 3$",
            "  day_los_percent: 3",
            f"strategy.yaml, line {line_of('  day_loss_percent')}: risk.day_los_percent is not a setting; "
            "the closest is day_loss_percent.",
        ),
        (
            r"^  day_loss_percent: 3$",
            "  day_loss_percent: 300",
            f"strategy.yaml, line {line_of('  day_loss_percent')}: risk.day_loss_percent is 300; "
            "it must be a number above 0 to 100 per cent, without quotes.",
        ),
        (
            r"^  day_loss_percent: 3$",
            '  day_loss_percent: "3"',
            f"strategy.yaml, line {line_of('  day_loss_percent')}: risk.day_loss_percent is “3” in quotes; "
            "it must be a number above 0 to 100 per cent, without quotes.",
        ),
        (
            r"^  day_loss_percent: 3$",
            "  day_loss_percent:",
            f"strategy.yaml, line {line_of('  day_loss_percent')}: risk.day_loss_percent is empty; "
            "it must be a number above 0 to 100 per cent, without quotes.",
        ),
        (
            r"^  leverage: 1$",
            "  leverage: 1.5",
            f"strategy.yaml, line {line_of('  leverage')}: account.leverage is 1.5; "
            "it must be a whole number from 1 to 125, without quotes.",
        ),
        (
            r"^  theme: dark$",
            "  theme: night",
            f"strategy.yaml, line {line_of('  theme')}: desktop.theme is night; it must be dark or light.",
        ),
        (
            r"^  protective_stop: true$",
            "  protective_stop: yes",
            f"strategy.yaml, line {line_of('  protective_stop')}: risk.protective_stop is yes; "
            "it must be true or false.",
        ),
        (
            r"^  name: paper-01$",
            "  name: ${HOME}",
            f"strategy.yaml, line {line_of('  name')}: account.name uses ${{…}}, which is for secrets only; "
            "write the value itself.",
        ),
        (
            r"^mode: paper$",
            "mode: paper\nmode: paper",
            f"strategy.yaml, line {line_of('mode') + 1}: mode is there twice, "
            f"first on line {line_of('mode')}; keep one.",
        ),
        (
            r"^  symbols: .*$",
            "  symbols: BTCUSDT",
            f"strategy.yaml, line {line_of('  symbols')}: market.symbols must be a list, "
            "as in [first, second], or [] for none.",
        ),
    ],
)
def test_messages(pattern: str, replacement: str, expected: str, tmp_path: Path) -> None:
    assert message(tmp_path, pattern, replacement) == expected


@pytest.mark.parametrize(
    ("pattern", "replacement", "parts"),
    [
        (r"^account:$", "account: [", ["this is not YAML", "line"]),
        (r"^account:$", "account:\n\tname: x", ["line", "not YAML"]),
        (r"^  name: paper-01$", "  name: &x paper", ["an anchor (&) is not supported"]),
        (r"^  name: paper-01$", "  name: !!str paper", ["a tag (!) is not supported"]),
        (r"^  name: paper-01$", "  name: 5", ["account.name is 5", "must be text"]),
        (r"^  name: paper-01$", "  name: null", ["account.name is null", "must be text"]),
        (r"^  cash: 10000$", "  cash: .inf", ["account.cash is .inf"]),
        (r"^  cash: 10000$", "  cash: 1_000", ["account.cash is 1_000"]),
        (r"^  cash: 10000$", "  cash: " + "9" * 5000, ["account.cash is 9"]),
        (r"^  cash: 10000$", "  cash: [1]", ["account.cash must be a number", "a single value"]),
        (r"^account:$", "account: 5\nrest:", ["account must hold keys and values"]),
        (
            r"^  permitted: \[\]$",
            "  permitted: [LTCUSDT]",
            ["risk.permitted names LTCUSDT", "not under instruments"],
        ),
        (r"^    default: 25000$", "    LTCUSDT: 1", ["risk.order_quantity"]),
        (
            r"^    symbol: BTCUSDT$",
            "    symbol: LTCUSDT",
            ["strategies.confluence.symbol is LTCUSDT", "market.symbols"],
        ),
        (r"^    timeframe: 1h$", "    timeframe: 7m", ["strategies.confluence.timeframe is 7m", "15m"]),
        (r"^  confluence:$", "  manual:", ["strategies.manual cannot be a strategy's name"]),
        (r"^  latency_p95_ms: 300$", "  latency_p95_ms: 100", ["paper.latency_p95_ms is 100", "mean of 120"]),
        (r"^  maximum_slippage_bps: 10$", "  maximum_slippage_bps: 1", ["at least that"]),
        (r"^  maker_bps: -1$", "  maker_bps: -8", ["paper.maker_bps pays back more"]),
        (r"^  hard_stop_percent: 2$", "  hard_stop_percent: 0.5", ["risk.hard_stop_percent is 0.5"]),
        (r"^    drawdown_percent: 10$", "    drawdown_percent: 30", ["risk.crisis.drawdown_percent is 30"]),
        (r"^  orders_per_minute: 100$", "  orders_per_minute: 2", ["risk.orders_per_minute is 2"]),
        (r"^  leverage: 1$", "  leverage: 60", ["account.leverage is 60", "AVAXUSDT allows at most 50"]),
        (
            r"^    tick: 0.01$",
            "    tick: 0.00000000000000003",
            ["Instrument BTCUSDT: tick 3E-17", "too fine"],
        ),
        (
            r"^    kind: linear$",
            "    kind: swap",
            ["instruments.BTCUSDT.kind is swap", "spot, linear or inverse"],
        ),
        (r"^  symbols: .*$", "  symbols: [BTCUSDT, BTC/USDT]", ["market.symbols names BTCUSDT twice"]),
        (r"^  ETHUSDT:$", "  BTC/USDT:", ["instruments.BTCUSDT is there twice"]),
        (r"^  symbols: .*$", "  symbols: []", ["market.symbols is empty"]),
        (
            r"^      regime_ema: 200$",
            "      regime_ema: [200]",
            ["strategies.confluence.parameters.regime_ema must be"],
        ),
    ],
)
def test_other_faults_name_the_line_and_the_key(
    pattern: str, replacement: str, parts: list[str], tmp_path: Path
) -> None:
    text = message(tmp_path, pattern, replacement)
    for part in ["strategy.yaml, line ", *parts]:
        assert part in text


def test_profile_changes_its_keys_and_names_its_own_line(tmp_path: Path) -> None:
    loaded = load_changed(tmp_path, r"^mode: paper$", "mode: paper", "account:\n  cash: 5\nrisk:\n  repeats: 3\n")
    assert (loaded.settings.account.cash, loaded.settings.account.currency) == (Decimal(5), "USDT")
    assert loaded.place("risk.repeats").endswith("profiles/p.yaml, line 4")
    assert loaded.place("strategies.ema_cross.parameters.fast").endswith(
        f"strategy.yaml, line {line_of('  ema_cross:') + 7}"
    )


def test_several_profiles_are_laid_one_over_the_other() -> None:
    alone, both = load_settings(SHIPPED, "services").settings, load_settings(SHIPPED, "services,compose").settings
    assert alone.messaging.servers == ("nats://127.0.0.1:4222",) and both.messaging.servers == ("nats://nats:4222",)
    assert both.account.name == alone.account.name == "paper-services"
    with pytest.raises(ConfigurationError, match="There is no profile nowhere in"):
        load_settings(SHIPPED, "services,nowhere")


def test_the_feed_handlers_own_source_is_held_against_the_instruments(tmp_path: Path) -> None:
    fed = "market: {source: feed, feed_source: exchange}"
    assert load_changed(tmp_path, "^mode: paper", "mode: paper", fed).settings.market.of_feed_handler == "exchange"
    (tmp_path / "spot").mkdir()
    told = message(tmp_path / "spot", "^  market: linear", "  market: spot", fed)
    assert told.endswith("market.symbols names BTCUSDT, which is linear under instruments; exchange.market is spot.")


def test_faults_of_a_profile_name_the_profile(tmp_path: Path) -> None:
    assert message(tmp_path, "^mode: paper$", "mode: paper", "risk:\n  repeats: 0\n") == (
        "profiles/p.yaml, line 2: risk.repeats is 0; it must be a whole number from 1 to 10,000, without quotes."
    )


def test_unified_symbol_names_are_accepted(tmp_path: Path) -> None:
    loaded = load_changed(tmp_path, r"^    symbol: BTCUSDT$", "    symbol: BTC/USDT:USDT")
    assert loaded.settings.strategies["confluence"].symbol == "BTCUSDT"


def test_words_that_yaml_1_1_took_for_booleans_are_text(tmp_path: Path) -> None:
    assert load_changed(tmp_path, "^  name: paper-01$", "  name: on").settings.account.name == "on"


def test_missing_file_profile_and_foreign_bytes(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist; name one with --config"):
        load_settings(tmp_path / "none.yaml")
    known = ", ".join(profile_names(SHIPPED))
    with pytest.raises(ConfigurationError, match=f"no profile turbo in .*; there is {known}"):
        load_settings(SHIPPED, "turbo")
    with pytest.raises(ConfigurationError, match=r"no profile \.\./strategy in"):
        load_settings(SHIPPED, "../strategy")
    file = tmp_path / "strategy.yaml"
    for content, words in (
        (b"mode: \xff", "not UTF-8"),
        (b"mode: \x01", "line 1: the text holds a control character"),
        (b"- a", "must hold keys and values"),
        (b"", "account is missing|mode is missing"),
        (b"a: " + b"[" * 5000, "too deeply|not YAML"),
        (b"mode: paper\n---\nmode: paper", "not YAML"),
    ):
        file.write_bytes(content)
        with pytest.raises(ConfigurationError, match=words):
            load_settings(file)


def test_recorded_settings_of_another_version_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Recorded settings do not fit"):
        settings_from_json("{}")
