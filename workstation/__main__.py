"""The entry: arguments, configuration, then the desktop, a headless session, or one sub-command."""

from __future__ import annotations

import argparse
import importlib
import sys

from workstation.commands.arguments import parser
from workstation.core.errors import ConfigurationError, WorkstationError
from workstation.core.redaction import scrub

COMMANDS = {
    "backtest": "backtest:backtest",
    "backtest-job": "backtest_job:backtest_job",
    "data": "data:data",
    "keys": "keys:keys",
    "kill": "kill:kill",
    "resume": "resume:resume",
    "reconcile": "reconcile:reconcile",
    "verify": "verify:verify",
    "strategies": "strategies:strategies",
    "doctor": "doctor:doctor",
    "qt-check": "doctor:qt_check",
    "sandbox": "sandbox:sandbox",
    "feed": "services:feed",
    "execution": "services:execution",
    "ops": "services:ops",
    "risk": "services:risk",
    "reporter": "services:reporter",
    "health": "health:health",
    "nats-config": "nats_config:nats_config",
    "config-upgrade": "config_upgrade:config_upgrade",
    None: "run:run",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors that a user can mend are one sentence on standard error."""
    parsed = parser().parse_args(arguments)
    module_name, _, function_name = COMMANDS[parsed.command].partition(":")
    try:
        # Each command's imports are its own, so that none pays for another's.
        module = importlib.import_module(f"workstation.commands.{module_name}")
        status: int = getattr(module, function_name)(parsed)
        return status
    except WorkstationError as error:
        print(f"workstation: {scrub(str(error))}{_upgrade_hint(error, parsed)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("workstation: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0


def _upgrade_hint(error: WorkstationError, parsed: argparse.Namespace) -> str:
    """What mends a configuration of an earlier version, where that is all that is wrong with it."""
    if not isinstance(error, ConfigurationError) or not hasattr(parsed, "config"):
        return ""
    from workstation.commands.config_upgrade import counted, find_upgrade

    found = find_upgrade(parsed)
    if found is None:
        return ""
    return f" “workstation config-upgrade” adds the {counted(found.change.added)} that the file lacks, as shipped."


if __name__ == "__main__":
    sys.exit(main())
