"""Where an engine tells, shows and obeys, when there is more than one of an account."""

from __future__ import annotations

import msgspec

from workstation.config.settings import Subjects

EXECUTION = "execution"


def execution_subjects(subjects: Subjects) -> Subjects:
    """Those of the engine within the execution service. The plain ones are the strategy core's, which people look at.

    With both on the same subjects a question would be answered by either, and a command obeyed twice.
    """
    return msgspec.structs.replace(
        subjects,
        events=f"{subjects.events}.{EXECUTION}",
        views=f"{subjects.views}.{EXECUTION}",
        commands=f"{subjects.commands}.{EXECUTION}",
    )
