"""The book of drawings: undo takes back exactly, redo brings back exactly, and names are given once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widgets.chart.drawings.drawing import Anchor, Drawing, Tool
from widgets.chart.drawings.drawing_book import DrawingBook

LINE = Drawing("", Tool.HORIZONTAL_LINE, (Anchor(0, 1.0),))
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "move", "lock", "remove", "clear", "undo", "redo"]), st.integers(0, 9))
)


@given(STEPS)
def test_undo_and_redo_walk_the_same_way(steps: list[tuple[str, int]]) -> None:
    book = DrawingBook()
    past, at, names = [book.drawings], 0, set()
    for step, number in steps:
        chosen = book.drawings[number % len(book.drawings)] if book.drawings else None
        before = book.drawings
        if step == "undo":
            book.undo()
            at = max(0, at - 1)
        elif step == "redo":
            book.redo()
            at = min(len(past) - 1, at + 1)
        else:
            if step == "add":
                made = book.add(LINE)
                assert made.name not in names
                names.add(made.name)
            elif step == "clear":
                book.clear()
            elif chosen is not None and step == "remove":
                book.remove(chosen.name)
            elif chosen is not None and step == "move":
                book.replace(chosen.moved(60, 1.0))
            elif chosen is not None:
                book.replace(Drawing(chosen.name, chosen.tool, chosen.anchors, locked=not chosen.locked))
            if book.drawings != before:
                del past[at + 1 :]
                past.append(book.drawings)
                at += 1
        assert book.drawings == past[at]
        assert book.can_undo == (at > 0)
        assert book.can_redo == (at < len(past) - 1)


def test_a_locked_drawing_stays() -> None:
    book = DrawingBook()
    made = book.add(Drawing("", LINE.tool, LINE.anchors, locked=True))
    book.add(LINE)
    book.remove(made.name)
    book.clear()
    assert book.drawings == (made,)
