"""Flat painting of the compound controls: combo box, spin box, scroll bar, slider and menu item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOptionComplex, QStyleOptionMenuItem

from widgets.look import shapes
from widgets.look.theme import current

State = QStyle.StateFlag
Complex = QStyle.ComplexControl
Sub = QStyle.SubControl


def draw_menu_item(option: Any, painter: QPainter, widget: Any) -> None:
    theme = current()
    tokens = theme.tokens
    rect: QRect = option.rect
    if option.menuItemType == QStyleOptionMenuItem.MenuItemType.Separator:
        painter.fillRect(QRect(rect.left() + 8, rect.center().y(), rect.width() - 16, 1), tokens.hairline)
        return
    enabled = bool(option.state & State.State_Enabled)
    if option.state & State.State_Selected and enabled:
        painter.fillRect(rect, tokens.accent_ground)
        painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), tokens.accent)
    tone = tokens.text_1 if enabled else tokens.text_3
    mark = QRect(rect.left() + 8, rect.top(), 14, rect.height())
    if option.checked:
        shapes.place_pixmap(painter, mark, theme.pixmap("check", "accent", 12))
    elif not option.icon.isNull():
        shapes.place_pixmap(painter, mark, option.icon.pixmap(14, 14))
    name, _, keys = option.text.partition("\t")
    plain = name.replace("&&", "\0").replace("&", "").replace("\0", "&")
    inner = rect.adjusted(30, 0, -24, 0)
    shapes.write(painter, inner, plain, tone, theme.font())
    if keys:
        shapes.write(painter, inner, keys, tokens.text_3, theme.font(11), shapes.RIGHT)
    if option.menuItemType == QStyleOptionMenuItem.MenuItemType.SubMenu:
        arrow = QRect(rect.right() - 20, rect.top(), 14, rect.height())
        shapes.place_pixmap(painter, arrow, theme.pixmap("chevron-right", "text_3", 12))


def draw_combo_box_label(option: Any, painter: QPainter, widget: Any) -> None:
    theme = current()
    tone = theme.tokens.text_1 if option.state & State.State_Enabled else theme.tokens.text_3
    if not option.editable:
        inner = option.rect.adjusted(8, 0, -24, 0)
        shapes.write(painter, inner, option.currentText, tone, theme.font(), elide=True)


def _combo_box(style: QProxyStyle, option: Any, painter: QPainter, widget: Any) -> None:
    theme = current()
    tokens = theme.tokens
    enabled = bool(option.state & State.State_Enabled)
    rect: QRect = option.rect
    if not enabled:
        shapes.box(painter, rect, tokens.raised, tokens.hairline)
    else:
        focused = bool(option.state & State.State_HasFocus)
        hovered = bool(option.state & State.State_MouseOver)
        edge = tokens.accent if focused else tokens.border
        shapes.box(painter, rect, tokens.control if hovered else tokens.ground, edge, edge_width=2 if focused else 1)
    arrow = QRect(rect.right() - 21, rect.top(), 18, rect.height())
    shapes.place_pixmap(painter, arrow, theme.pixmap("chevron-down", "text_2" if enabled else "text_3", 12))


def _spin_box(style: QProxyStyle, option: Any, painter: QPainter, widget: Any) -> None:
    theme = current()
    tokens = theme.tokens
    focused = bool(option.state & State.State_HasFocus)
    fill = tokens.ground if option.state & State.State_Enabled else tokens.raised
    edge = tokens.accent if focused else tokens.border
    shapes.box(painter, option.rect, fill, edge, edge_width=2 if focused else 1)
    for part, icon in ((Sub.SC_SpinBoxUp, "chevron-up"), (Sub.SC_SpinBoxDown, "chevron-down")):
        area = style.subControlRect(Complex.CC_SpinBox, option, part, widget)
        shapes.place_pixmap(painter, area, theme.pixmap(icon, "text_2", 10))


def _scroll_bar(style: QProxyStyle, option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    painter.fillRect(option.rect, tokens.ground)
    if option.maximum <= option.minimum:
        return
    thumb = style.subControlRect(Complex.CC_ScrollBar, option, Sub.SC_ScrollBarSlider, widget)
    across = option.orientation == Qt.Orientation.Horizontal
    thumb = thumb.adjusted(0, 3, 0, -2) if across else thumb.adjusted(3, 0, -2, 0)
    grabbed = bool(option.state & State.State_Sunken and option.activeSubControls & Sub.SC_ScrollBarSlider)
    hovered = bool(option.state & State.State_MouseOver)
    fill = tokens.text_3 if grabbed else tokens.border if hovered else tokens.hover
    painter.fillRect(thumb, fill)


def _slider(style: QProxyStyle, option: Any, painter: QPainter, widget: Any) -> None:
    tokens = current().tokens
    groove = style.subControlRect(Complex.CC_Slider, option, Sub.SC_SliderGroove, widget)
    handle = style.subControlRect(Complex.CC_Slider, option, Sub.SC_SliderHandle, widget)
    if option.orientation == Qt.Orientation.Horizontal:
        line = QRect(groove.left(), groove.center().y() - 1, groove.width(), 3)
        used = QRect(line.left(), line.top(), handle.center().x() - line.left(), 3)
    else:
        line = QRect(groove.center().x() - 1, groove.top(), 3, groove.height())
        used = QRect(line.left(), handle.center().y(), 3, line.bottom() - handle.center().y())
    painter.fillRect(line, tokens.control)
    painter.fillRect(used, tokens.accent)
    knob = QRect(handle.center().x() - 4, handle.center().y() - 7, 8, 14)
    focused = bool(option.state & State.State_HasFocus)
    shapes.box(painter, knob, tokens.hover, tokens.accent if focused else tokens.border, radius=2)


Draw = Callable[[QProxyStyle, QStyleOptionComplex, QPainter, Any], None]
DRAW_COMPLEX: dict[QStyle.ComplexControl, Draw] = {
    Complex.CC_ComboBox: _combo_box,
    Complex.CC_SpinBox: _spin_box,
    Complex.CC_ScrollBar: _scroll_bar,
    Complex.CC_Slider: _slider,
}
