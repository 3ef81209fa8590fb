"""The one widget style: Fusion's geometry with flat surfaces, hairlines and an accent edge for focus."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QProxyStyle,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QTabBar,
)

from widgets.look.style_complex import DRAW_COMPLEX
from widgets.look.style_primitives import CONTROLS, PRIMITIVES
from widgets.look.theme import Theme, current, load_fonts

Metric = QStyle.PixelMetric

METRICS: dict[QStyle.PixelMetric, int] = {
    Metric.PM_IndicatorWidth: 14,
    Metric.PM_IndicatorHeight: 14,
    Metric.PM_ExclusiveIndicatorWidth: 14,
    Metric.PM_ExclusiveIndicatorHeight: 14,
    Metric.PM_CheckBoxLabelSpacing: 6,
    Metric.PM_SplitterWidth: 4,
    Metric.PM_DockWidgetSeparatorExtent: 4,
    Metric.PM_DockWidgetFrameWidth: 0,
    Metric.PM_DefaultFrameWidth: 1,
    Metric.PM_ButtonShiftHorizontal: 0,
    Metric.PM_ButtonShiftVertical: 0,
    Metric.PM_ScrollBarExtent: 10,
    Metric.PM_ScrollBarSliderMin: 28,
    Metric.PM_SmallIconSize: 14,
    Metric.PM_ButtonIconSize: 14,
    Metric.PM_ToolBarIconSize: 14,
    Metric.PM_MenuPanelWidth: 1,
    Metric.PM_MenuVMargin: 4,
    Metric.PM_TabBarTabHSpace: 20,
    Metric.PM_TabBarBaseOverlap: 0,
    Metric.PM_TabBarTabShiftVertical: 0,
    Metric.PM_HeaderMargin: 6,
    Metric.PM_HeaderMarkSize: 8,
}
HINTS: dict[QStyle.StyleHint, int] = {
    QStyle.StyleHint.SH_EtchDisabledText: 0,
    QStyle.StyleHint.SH_DitherDisabledText: 0,
    QStyle.StyleHint.SH_ComboBox_Popup: 0,
    # The wheel scrolls a form; it changes none of its choices in passing.
    QStyle.StyleHint.SH_ComboBox_AllowWheelScrolling: 0,
    QStyle.StyleHint.SH_ScrollBar_Transient: 0,
    QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons: 0,
    QStyle.StyleHint.SH_ItemView_ShowDecorationSelected: 1,
    QStyle.StyleHint.SH_Widget_Animation_Duration: 0,
    QStyle.StyleHint.SH_ToolTip_WakeUpDelay: 500,
}

MENU_ARROW = 10


class FlatStyle(QProxyStyle):
    """Fusion without gradients, shadows and outlines; every colour is a token."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self, element: QStyle.PrimitiveElement, option: QStyleOption, painter: QPainter, widget: Any = None
    ) -> None:
        draw = PRIMITIVES.get(element)
        if draw is None:
            super().drawPrimitive(element, option, painter, widget)
        else:
            draw(option, painter, widget)

    def drawControl(
        self, element: QStyle.ControlElement, option: QStyleOption, painter: QPainter, widget: Any = None
    ) -> None:
        draw = CONTROLS.get(element)
        if draw is None:
            super().drawControl(element, option, painter, widget)
        else:
            draw(option, painter, widget)

    def drawComplexControl(
        self, control: QStyle.ComplexControl, option: Any, painter: QPainter, widget: Any = None
    ) -> None:
        draw = DRAW_COMPLEX.get(control)
        if draw is None:
            super().drawComplexControl(control, option, painter, widget)
        else:
            draw(self, option, painter, widget)

    def pixelMetric(self, metric: QStyle.PixelMetric, option: QStyleOption | None = None, widget: Any = None) -> int:
        found = METRICS.get(metric)
        return super().pixelMetric(metric, option, widget) if found is None else found

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: Any = None,
        returnData: QStyleHintReturn | None = None,
    ) -> int:
        found = HINTS.get(hint)
        return super().styleHint(hint, option, widget, returnData) if found is None else found

    def sizeFromContents(
        self, kind: QStyle.ContentsType, option: QStyleOption, size: QSize, widget: Any = None
    ) -> QSize:
        found = super().sizeFromContents(kind, option, size, widget)
        metrics = current().metrics
        if kind == QStyle.ContentsType.CT_ComboBox:
            return QSize(found.width() + 12, metrics.field)
        if kind == QStyle.ContentsType.CT_MenuItem:
            # Fusion leaves no room for the arrow of a submenu beside the longest text.
            return QSize(found.width() + MENU_ARROW, found.height())
        if kind == QStyle.ContentsType.CT_PushButton:
            return QSize(found.width(), metrics.button)
        if kind in (QStyle.ContentsType.CT_LineEdit, QStyle.ContentsType.CT_SpinBox):
            return QSize(found.width(), metrics.field)
        if kind == QStyle.ContentsType.CT_TabBarTab and isinstance(widget, QTabBar):
            # The tab strips of docked panels draw their tabs themselves; the main window's own take no room.
            if isinstance(widget.parentWidget(), QMainWindow):
                return QSize(0, 0)
            return QSize(found.width(), metrics.tab)
        return found


def install(application: QApplication, family: str | None = None) -> Theme:
    """Give the application the style, the palette and the font, and keep them in step with the theme.

    `family` is a font family, the system font when empty, and the shipped font when None.
    """
    theme = current()

    def dress() -> None:
        application.setPalette(theme.palette())
        application.setFont(theme.font())

    application.setStyle(FlatStyle())
    theme.changed.connect(dress)
    theme.set_family(load_fonts() if family is None else family)
    return theme
