"""Flat painting of the simple elements: buttons, fields, checks, frames, rows, tabs, headers, progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle

from widgets.look import shapes
from widgets.look.style_complex import draw_combo_box_label, draw_menu_item
from widgets.look.theme import current

State = QStyle.StateFlag
Element = QStyle.PrimitiveElement
Control = QStyle.ControlElement
Draw = Callable[[Any, QPainter, Any], None]


IN_ERROR = "in_error"  # the dynamic property of a field whose edge says that its value is wrong


def _button(option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    state = option.state
    fill, edge = tokens.control, tokens.border
    if not state & State.State_Enabled:
        fill, edge = tokens.raised, tokens.hairline
    elif state & (State.State_Sunken | State.State_On):
        fill = tokens.ground
    elif state & State.State_MouseOver:
        fill = tokens.hover
    if state & State.State_HasFocus and state & State.State_KeyboardFocusChange:
        edge = tokens.accent
    shapes.box(painter, option.rect, fill, edge)


def _tool_button(option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    if option.state & State.State_Sunken:
        shapes.box(painter, option.rect, tokens.ground)
    elif option.state & State.State_On:
        shapes.box(painter, option.rect, tokens.control)
    elif option.state & State.State_MouseOver and option.state & State.State_Enabled:
        shapes.box(painter, option.rect, tokens.hover)


def _line_edit(option: Any, painter: QPainter, widget: Any) -> None:
    if option.lineWidth > 0:
        in_error = widget is not None and bool(widget.property(IN_ERROR))
        paint_field(painter, option.rect, option.state, error=in_error)


def paint_field(painter: QPainter, rect: QRect, state: QStyle.StateFlag, *, error: bool = False) -> None:
    """The ground and edge of a field: 1 px border, 2 px accent with focus, 1 px `bad` in error."""
    tokens = current().tokens
    focused = bool(state & State.State_HasFocus)
    if not state & State.State_Enabled:
        shapes.box(painter, rect, tokens.raised, tokens.hairline)
    elif error:
        shapes.box(painter, rect, tokens.ground, tokens.bad, edge_width=2 if focused else 1)
    elif focused:
        shapes.box(painter, rect, tokens.ground, tokens.accent, edge_width=2)
    else:
        shapes.box(painter, rect, tokens.ground, tokens.border)


def _check_box(option: Any, painter: QPainter, widget: Any) -> None:
    theme = current()
    tokens = theme.tokens
    enabled = bool(option.state & State.State_Enabled)
    edge = tokens.accent if option.state & State.State_HasFocus else tokens.border
    if option.state & (State.State_On | State.State_NoChange):
        fill, mark = (tokens.accent, "on_accent") if enabled else (tokens.control, "text_3")
        shapes.box(painter, option.rect, fill, radius=2)
        if option.state & State.State_NoChange:
            middle = option.rect.center().y()
            painter.fillRect(QRect(option.rect.left() + 3, middle, 8, 2), tokens.colour(mark))
        else:
            shapes.place_pixmap(painter, option.rect, theme.pixmap("check", mark, 11))
        return
    fill = tokens.ground if enabled else tokens.raised
    shapes.box(painter, option.rect, fill, edge if enabled else tokens.hairline, radius=2)


def _radio_button(option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    on = bool(option.state & State.State_On)
    shapes.box(painter, option.rect, tokens.ground, tokens.accent if on else tokens.border, radius=7)
    if on:
        middle = option.rect.center()
        shapes.dot(painter, middle.x() + 0.5, middle.y() + 0.5, tokens.accent)


def _frame(option: Any, painter: QPainter, widget: Any) -> None:
    if option.lineWidth > 0:
        shapes.box(painter, option.rect, None, current().tokens.hairline, radius=0)


def _popup(option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    shapes.box(painter, option.rect, tokens.raised, tokens.border, radius=0)


def _tooltip(option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    shapes.box(painter, option.rect, tokens.control, tokens.border, radius=0)


def _nothing(option: Any, painter: QPainter, widget: Any) -> None:
    return


def _gutter(option: Any, painter: QPainter, widget: Any) -> None:
    painter.fillRect(option.rect, current().tokens.gutter)


def _item_row(option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    if option.state & State.State_Selected:
        focused = bool(option.state & State.State_Active and option.state & State.State_HasFocus)
        painter.fillRect(option.rect, tokens.accent_ground if focused else tokens.control)
    elif option.state & State.State_MouseOver:
        painter.fillRect(option.rect, tokens.hover)


def _arrow(name: str) -> Draw:
    def draw(option: Any, painter: QPainter, widget: Any) -> None:
        colour = "text_2" if option.state & State.State_Enabled else "text_3"
        shapes.place_pixmap(painter, option.rect, current().pixmap(name, colour, 12))

    return draw


def _tab_shape(option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    rect: QRect = option.rect
    chosen = bool(option.state & State.State_Selected)
    hovered = bool(option.state & State.State_MouseOver)
    painter.fillRect(rect, tokens.ground if chosen else tokens.control if hovered else tokens.raised)
    painter.fillRect(QRect(rect.right(), rect.top(), 1, rect.height()), tokens.hairline)
    if not chosen:
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), tokens.hairline)


def _tab_label(option: Any, painter: QPainter, widget: Any) -> None:
    theme = current()
    chosen = bool(option.state & State.State_Selected)
    tone = theme.tokens.text_1 if chosen else theme.tokens.text_3
    shapes.write(painter, option.rect.adjusted(10, 0, -10, 0), option.text, tone, theme.font(12, 500))


def _header(option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    rect: QRect = option.rect
    painter.fillRect(rect, tokens.ground)
    painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), tokens.hairline)


def _progress_groove(option: Any, painter: QPainter, widget: Any) -> None:
    painter.fillRect(option.rect, current().tokens.control)


def _progress_bar(option: Any, painter: QPainter, widget: Any) -> None:
    span = option.maximum - option.minimum
    share = (option.progress - option.minimum) / span if span > 0 else 1.0
    rect: QRect = option.rect
    width = round(rect.width() * min(1.0, max(0.0, share)))
    painter.fillRect(QRect(rect.left(), rect.top(), width, rect.height()), current().tokens.accent)


PRIMITIVES: dict[QStyle.PrimitiveElement, Draw] = {
    Element.PE_PanelButtonCommand: _button,
    Element.PE_PanelButtonTool: _tool_button,
    Element.PE_PanelLineEdit: _line_edit,
    Element.PE_FrameLineEdit: _line_edit,
    Element.PE_IndicatorCheckBox: _check_box,
    Element.PE_IndicatorItemViewItemCheck: _check_box,
    Element.PE_IndicatorRadioButton: _radio_button,
    Element.PE_Frame: _frame,
    Element.PE_FrameGroupBox: _frame,
    Element.PE_FrameMenu: _popup,
    Element.PE_PanelMenu: _popup,
    Element.PE_PanelTipLabel: _tooltip,
    Element.PE_FrameFocusRect: _nothing,
    Element.PE_FrameButtonBevel: _nothing,
    Element.PE_FrameTabWidget: _nothing,
    Element.PE_FrameTabBarBase: _nothing,
    Element.PE_FrameDockWidget: _nothing,
    Element.PE_FrameStatusBarItem: _nothing,
    Element.PE_PanelStatusBar: _nothing,
    Element.PE_PanelItemViewRow: _nothing,
    Element.PE_PanelItemViewItem: _item_row,
    Element.PE_IndicatorDockWidgetResizeHandle: _gutter,
    Element.PE_IndicatorArrowDown: _arrow("chevron-down"),
    Element.PE_IndicatorArrowUp: _arrow("chevron-up"),
    Element.PE_IndicatorArrowRight: _arrow("chevron-right"),
    Element.PE_IndicatorArrowLeft: _arrow("chevron-left"),
    Element.PE_IndicatorHeaderArrow: _arrow("chevron-down"),
}
CONTROLS: dict[QStyle.ControlElement, Draw] = {
    Control.CE_Splitter: _gutter,
    Control.CE_TabBarTabShape: _tab_shape,
    Control.CE_TabBarTabLabel: _tab_label,
    Control.CE_HeaderSection: _header,
    Control.CE_HeaderEmptyArea: _header,
    Control.CE_ProgressBarGroove: _progress_groove,
    Control.CE_ProgressBarContents: _progress_bar,
    Control.CE_ProgressBarLabel: _nothing,
    Control.CE_ComboBoxLabel: draw_combo_box_label,
    Control.CE_MenuItem: draw_menu_item,
    Control.CE_MenuEmptyArea: _nothing,
}
