"""What each role may do at the NATS server, from the subjects of the settings: no more than its work needs.

Who owns a stream or bucket makes it, the others wait for it. A service reads streams by a durable consumer of its own
name, which no other role may touch. Every role has an inbox of its own, so none hears another's answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from workstation.config.settings import Settings, Subjects
from workstation.messaging import streams
from workstation.messaging.engine_subjects import execution_subjects
from workstation.messaging.lease import execution_lease, trade_lease
from workstation.messaging.roles import NatsRole, inbox_prefix
from workstation.messaging.stream_reader import consumer_name
from workstation.messaging.streams import LEASES


class Permissions(NamedTuple):
    """Subjects, with NATS's wildcards. What is denied is denied although a wildcard allows it."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    deny_publish: tuple[str, ...] = ()
    answers: bool = False
    """May answer requests that reach it."""

    def __or__(self, other: Permissions) -> Permissions:
        return Permissions(
            _united(self.publish, other.publish),
            _united(self.subscribe, other.subscribe),
            _united(self.deny_publish, other.deny_publish),
            self.answers or other.answers,
        )


_READERS = {
    streams.ORDERS: (NatsRole.EXECUTION,),
    streams.EXECUTIONS: (NatsRole.STRATEGIES, NatsRole.RISK, NatsRole.REPORTER),
    streams.PERFORMANCE: (NatsRole.RISK, NatsRole.REPORTER),
}
"""Services that read a stream with a durable consumer."""


def permissions(settings: Settings) -> dict[NatsRole, Permissions]:
    """Those of each role, for the account and the subjects of the settings."""
    subjects, account = settings.messaging.subjects, settings.account.name
    executing = execution_subjects(subjects)
    feed = Permissions(
        publish=(subjects.market_data, *_of_symbols(subjects)),
        subscribe=(f"{subjects.market_snapshot}.*",),
        answers=True,
    )
    market = Permissions(publish=(f"{subjects.market_snapshot}.*",), subscribe=_of_symbols(subjects))
    follows_risk = Permissions(subscribe=(subjects.risk_state,)) | _bucket_read(streams.RISK_BUCKET)
    execution = (
        market
        | follows_risk
        | Permissions(
            publish=(
                executing.events,
                subjects.executions,
                subjects.shadow_executions,
                f"{subjects.positions}.*",
                subjects.performance_metrics,
                _JS + f"STREAM.MSG.GET.{streams.EXECUTIONS}",
                f"$KV.{LEASES}.{execution_lease(account)}",
            ),
            subscribe=(executing.views, executing.commands),
            answers=True,
        )
        | _makes(streams.ORDERS)
        | _makes(streams.EXECUTIONS)
        | _makes(streams.SHADOW_EXECUTIONS)
        | _makes(streams.POSITIONS)
        | _makes(streams.PERFORMANCE)
        | _makes(f"KV_{LEASES}")
        | _bucket_read(LEASES)
        | _durable(streams.ORDERS, NatsRole.EXECUTION, account)
    )
    strategies = (
        market
        | follows_risk
        | Permissions(
            publish=(
                subjects.orders,
                subjects.events,
                _JS + f"STREAM.INFO.{streams.ORDERS}",
                # The last position of each symbol.
                _JS + f"STREAM.INFO.{streams.POSITIONS}",
                _JS + f"STREAM.MSG.GET.{streams.POSITIONS}",
            ),
            subscribe=(subjects.views, subjects.commands),
            answers=True,
        )
        | _bucket_read(LEASES)
        | _durable(streams.EXECUTIONS, NatsRole.STRATEGIES, account)
    )
    risk = (
        Permissions(
            publish=(subjects.risk_state, subjects.views, executing.views, f"$KV.{streams.RISK_BUCKET}.>"),
            subscribe=(subjects.risk_management,),
            answers=True,
        )
        | _makes(f"KV_{streams.RISK_BUCKET}")
        | _bucket_read(streams.RISK_BUCKET)
        | _durable(streams.EXECUTIONS, NatsRole.RISK, account)
        | _durable(streams.PERFORMANCE, NatsRole.RISK, account)
        | _reads(streams.EXECUTIONS, account, own=NatsRole.RISK)
    )
    reporter = (
        Permissions(publish=(subjects.performance_reports,), subscribe=(subjects.risk_state,))
        | _makes(streams.REPORTS)
        | _durable(streams.EXECUTIONS, NatsRole.REPORTER, account)
        | _durable(streams.PERFORMANCE, NatsRole.REPORTER, account)
    )
    viewer = (
        market
        | Permissions(
            publish=(subjects.views, executing.views),
            subscribe=(
                subjects.market_data,
                f"{subjects.market_bars}.>",
                subjects.executions,
                subjects.shadow_executions,
                f"{subjects.positions}.*",
                subjects.performance_metrics,
                subjects.performance_reports,
                subjects.risk_state,
                subjects.events,
                executing.events,
            ),
        )
        | _bucket_read(streams.RISK_BUCKET)
        | _bucket_read(LEASES)
    )
    for stream in (
        streams.EXECUTIONS,
        streams.SHADOW_EXECUTIONS,
        streams.POSITIONS,
        streams.PERFORMANCE,
        streams.REPORTS,
    ):
        viewer |= _reads(stream, account)
    trader = viewer | Permissions(
        publish=(
            subjects.orders,
            subjects.commands,
            executing.commands,
            subjects.risk_management,
            subjects.replay_control,
            f"$KV.{LEASES}.{trade_lease(account)}",
        )
    )
    ops = trader | Permissions(publish=(subjects.config_reload,))
    found = {
        NatsRole.FEED: feed,
        NatsRole.EXECUTION: execution,
        NatsRole.STRATEGIES: strategies,
        NatsRole.RISK: risk,
        NatsRole.REPORTER: reporter,
        NatsRole.OPS: ops,
        NatsRole.ENGINE: feed | execution | strategies,
        NatsRole.TRADER: trader,
        NatsRole.VIEWER: viewer,
    }
    return {role: allowed | _everybody(role, subjects) for role, allowed in found.items()}


_JS = "$JS.API."


def _everybody(role: NatsRole, subjects: Subjects) -> Permissions:
    """Its own inbox, its own health told, everybody's heard, and what the configuration becomes."""
    tells = () if role in (NatsRole.TRADER, NatsRole.VIEWER) else (f"{subjects.health}.{role}",)
    return Permissions(
        publish=tells, subscribe=(f"{inbox_prefix(role)}.>", f"{subjects.health}.*", subjects.config_reload)
    )


def _of_symbols(subjects: Subjects) -> tuple[str, ...]:
    return (f"{subjects.market_trades}.*", f"{subjects.market_book}.*", f"{subjects.market_bars}.>")


def _makes(stream: str) -> Permissions:
    return Permissions(publish=tuple(f"{_JS}STREAM.{verb}.{stream}" for verb in ("INFO", "CREATE", "UPDATE")))


def _durable(stream: str, role: NatsRole, account: str) -> Permissions:
    """Read a stream by the one consumer that bears the role's name."""
    name = consumer_name(role, account)
    verbs = ("DURABLE.CREATE", "INFO", "DELETE", "MSG.NEXT")
    consumer = tuple(f"{_JS}CONSUMER.{verb}.{stream}.{name}" for verb in verbs)
    return Permissions(publish=(f"{_JS}STREAM.INFO.{stream}", *consumer, f"$JS.ACK.{stream}.{name}.>"))


def _reads(stream: str, account: str, own: NatsRole | None = None) -> Permissions:
    """Read a stream by consumers of any name but those of services other than ``own``."""
    verbs = ("INFO", "DELETE", "MSG.NEXT")
    allowed = (
        f"{_JS}STREAM.INFO.{stream}",
        f"{_JS}CONSUMER.CREATE.{stream}",
        f"{_JS}CONSUMER.CREATE.{stream}.>",
        *(f"{_JS}CONSUMER.{verb}.{stream}.*" for verb in verbs),
        f"$JS.ACK.{stream}.>",
        f"$JS.FC.{stream}.>",
    )
    denied: list[str] = []
    for reader in _READERS.get(stream, ()):
        if reader is not own:
            name = consumer_name(reader, account)
            denied += [f"{_JS}CONSUMER.{verb}.{stream}.{name}" for verb in ("CREATE", *verbs)]
            denied += [f"{_JS}CONSUMER.CREATE.{stream}.{name}.>", f"$JS.ACK.{stream}.{name}.>"]
    return Permissions(publish=allowed, deny_publish=tuple(denied))


def _bucket_read(bucket: str) -> Permissions:
    """Get and watch the entries of a key-value bucket."""
    stream = f"KV_{bucket}"
    return Permissions(
        publish=(
            f"{_JS}STREAM.INFO.{stream}",
            f"{_JS}STREAM.MSG.GET.{stream}",
            f"{_JS}DIRECT.GET.{stream}.>",
            f"{_JS}CONSUMER.CREATE.{stream}",
            f"{_JS}CONSUMER.CREATE.{stream}.>",
            # Of names that nobody can guess.
            f"{_JS}CONSUMER.INFO.{stream}.*",
            f"{_JS}CONSUMER.DELETE.{stream}.*",
            f"$JS.FC.{stream}.>",
        )
    )


def _united(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(subject for part in parts for subject in part))
