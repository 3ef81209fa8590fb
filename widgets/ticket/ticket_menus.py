"""The menus of the order ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from widgets.engine.order_words import TYPE_WORDS
from widgets.look.theme import Density, current
from widgets.ticket.algorithm_order import AlgorithmKind
from workstation.core.types import OrderType

if TYPE_CHECKING:
    from widgets.ticket.ticket_form import TicketForm

MORE_TYPES = (
    OrderType.STOP_LIMIT,
    OrderType.TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP,
)
UNIT_WORDS = ("quantity", "value", "% of equity", "risk, % of equity")


def types_menu(form: TicketForm) -> QMenu:
    """Order types beside the three that are always shown, and execution algorithms."""
    menu = QMenu(form)
    for kind in MORE_TYPES:
        action = menu.addAction(TYPE_WORDS[kind].capitalize())
        action.setCheckable(True)
        action.setChecked(kind is form.type and form.algorithm is None)
        action.triggered.connect(lambda _=False, kind=kind: form.choose_type(kind))
    menu.addSeparator()
    for algorithm in AlgorithmKind:
        action = menu.addAction(algorithm.value)
        action.setCheckable(True)
        action.setChecked(algorithm is form.algorithm)
        action.triggered.connect(lambda _=False, kind=algorithm: form.choose_algorithm(kind))
    return menu


def template_menu(form: TicketForm) -> QMenu:
    """Every template with what it does, and none."""
    menu = QMenu(form)
    for name in ("", *form.book.names()):
        template = form.book.get(name)
        action = menu.addAction(f"{name}: {template.words()}" if template is not None else "No template")
        action.setCheckable(True)
        action.setChecked(template is form.template)
        action.triggered.connect(lambda _=False, name=name: form.book.choose(name))
    return menu


def options_menu(form: TicketForm) -> QMenu:
    """Size units, flags, and how long the order lives; of a compact ticket whatever has no room in it."""
    menu = QMenu(form)
    for place, words in enumerate(UNIT_WORDS):
        action = menu.addAction(f"Size by {words}")
        action.setCheckable(True)
        action.setChecked(place == form.units.index)
        action.triggered.connect(lambda _=False, place=place: form.choose_unit(place))
    menu.addAction("Edit sizes…").triggered.connect(lambda: form.sizes.edit(form.quantity))
    menu.addSeparator()
    for box in (form.post_only, form.reduce_only):
        action = menu.addAction(box.text())
        action.setCheckable(True)
        action.setChecked(box.isChecked())
        action.setEnabled(box.isEnabled())
        action.triggered.connect(lambda _=False, box=box: box.toggle())
    menu.addSeparator()
    if current().density is Density.COMPACT:
        brackets = template_menu(form)
        brackets.setTitle("Bracket template")
        menu.addMenu(brackets)
        menu.addSeparator()
    form.life.fill_menu(menu)
    return menu
