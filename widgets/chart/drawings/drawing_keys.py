"""What keys do to the drawings of a chart: delete, copy, paste, duplicate, move, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from widgets.chart.drawings.drawing_tools import DrawingTools

STEPS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
"""Bars and ticks that an arrow key moves the chosen drawing by; ten of them with Shift."""


def press_key(tools: DrawingTools, event: QKeyEvent) -> bool:
    """Whether the key was one of the drawings'."""
    key, control = Qt.Key(event.key()), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    chosen = tools.selected
    if key == Qt.Key.Key_Escape and tools.wants_escape():
        tools.give_up()
    elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and chosen is not None:
        tools.delete(chosen.name)
    elif key == Qt.Key.Key_D and control and chosen is not None:
        tools.duplicate(chosen)
    elif key == Qt.Key.Key_C and control and chosen is not None:
        tools.copy(chosen)
    elif key == Qt.Key.Key_V and control:
        return tools.paste()
    elif key in STEPS and not control and chosen is not None:
        (bars, ticks), times = STEPS[key], 10 if shift else 1
        tools.nudge(chosen, bars * times, ticks * times)
    elif key == Qt.Key.Key_Z and control and not shift:
        tools.undo()
    elif control and (key == Qt.Key.Key_Y or (key == Qt.Key.Key_Z and shift)):
        tools.redo()
    else:
        return False
    return True
