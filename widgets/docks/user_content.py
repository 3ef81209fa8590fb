"""What people make in the window, for the panels and for what tells of it outside of them."""

from __future__ import annotations

from pathlib import Path

from widgets.alerts.alert_desk import AlertDesk
from widgets.chart.drawings.drawing_shelf import DrawingShelf
from widgets.engine.engine_model import EngineModel, Result
from widgets.panels.trade_notes import TradeNotes
from widgets.ticket.size_presets import SizePresets
from widgets.ticket.templates import TemplateBook


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
        for problem_told in (self.notes.problem_told, self.drawings.problem_told):
            problem_told.connect(lambda text: model.result_told.emit(Result(text, False)))
