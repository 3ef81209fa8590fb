"""What people make in the window, for the panels and for what tells of it outside of them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from widgets.alerts.alert_desk import AlertDesk
from widgets.chart.chart_panel import ChartPanel
from widgets.chart.drawings.drawing_shelf import DrawingShelf
from widgets.engine.engine_model import EngineModel, Result
from widgets.panels.trade_notes import TradeNotes
from widgets.panels.trade_pictures import TradePictures
from widgets.ticket.size_presets import SizePresets
from widgets.ticket.templates import TemplateBook
from widgets.watchlist.watchlists import Watchlists


class UserContent:
    """Of one engine; all of it goes with the model. ``folder`` keeps the files; without one it lasts as long."""

    def __init__(self, model: EngineModel, folder: Path | None) -> None:
        def file(name: str) -> Path | None:
            return None if folder is None else folder / name

        self.drawings = DrawingShelf(file("drawings"), model)
        self.templates = TemplateBook(file("templates.json"), model)
        self.sizes = SizePresets(file("sizes.json"), model)
        self.alerts = AlertDesk(model, self.drawings, file("alerts.json"), model)
        self.notes = TradeNotes(file("trade_notes.json"), model)
        self.pictures = TradePictures(file("trade_pictures"), self.notes, chart_picture, model)
        self.watchlists = Watchlists(model.engine, file("watchlists.json"), model)
        for problem_told in (self.notes.problem_told, self.drawings.problem_told, self.watchlists.problem_told):
            problem_told.connect(lambda text: model.result_told.emit(Result(text, False)))


def chart_picture(symbol: str) -> QImage | None:
    """Of a chart on the screen that shows the symbol."""
    for window in QApplication.topLevelWidgets():
        for chart in window.findChildren(ChartPanel):
            if chart.symbol == symbol and chart.listening and chart.view.isVisible():
                picture: QImage = chart.view.grab().toImage()
                return picture
    return None
