"""What each panel is for and how the hand works in it: the texts of the context help."""

from __future__ import annotations

HELP: dict[str, str] = {
    "watchlist": "All symbols of the engine with their last price and the change over 24 hours. "
    "A click shows the symbol in all panels with the same link letter.",
    "alerts": "Alerts that wait and alerts that came. A double click shows where. A right click on the chart sets one "
    "at a price, on an indicator, or on a drawing: its line, a level of it, or its zone.",
    "ticket": "One order. Price and size step with the arrow keys, ten steps with Page up and Page down. "
    "Cost, fee, margin and what the risk gate says are shown before anything is sent; a denied order cannot be sent.",
    "templates": "Brackets to attach to an order: distances of stop and targets, and how the stop follows.",
    "chart": "Drag moves, the wheel zooms, a drag on the price axis stretches it, a double click there fits it again. "
    "A working order is a line: its × cancels it. "
    "Ctrl+click fills in the ticket at that price, with Shift as a stop; while one-click is armed it sends."
    " A triangle is an own fill, a number a strategy's signal.",
    "ladder": "The book by price. A left click places a limit order of the chosen size while one-click trading is "
    "armed, here or in the ticket, with the ticket's bracket template; otherwise it fills in the ticket. "
    "The edge below an own order shows its place in the queue.",
    "depth": "How much rests on each side up to a distance from the middle.",
    "heatmap": "The book over time: the brighter, the more rests at the price. Discs are trades by their size.",
    "footprint": "What traded at each price of a bar, sells × buys. Bold is an imbalance.",
    "liquidity": "Spread, depth near the middle, imbalance and pace of the trades.",
    "tape": "Every trade as it comes; large ones have their own ground.",
    "positions": "Positions by owner, with the working orders below. A right click closes, reverses or hands over.",
    "orders": "Working orders first, then those that ended. A right click changes or cancels.",
    "fills": "Executions with their fee and their slippage against the price at which they were decided.",
    "strategies": "A dot tells the state. Start, pause and stop act on selected rows; parameters are at the right.",
    "reconcile": "Where the account differs: ours, the venue's, and what is proposed. Trading halts until then.",
    "connections": "The streams and requests of the exchange: state, age, delay, request weight, clock offset.",
    "balances": "What the account holds in each asset with its worth, and the funding that was paid and received.",
    "log": "What the engine did and why. Type to search; Ctrl+C copies the selected lines.",
    "risk": "Each limit with its use. From 70 % it is amber, at the limit red: then orders that add are denied.",
    "pnl": "The day's result, the equity with its high-water line, and what it is made of.",
    "results": "What the known executions and funding came to, by strategy, symbol, UTC day, or who traded. "
    "Ctrl+C copies as CSV.",
    "journal": "Round trips, net of fees and before funding. A double click writes a note and tags; By tag tells what "
    "each tag came to. Positions whose entry is not among the known executions are left out.",
    "backtest": "A run over the past in a process of its own; trading goes on undisturbed.",
    "runs": "Runs that wait, run and ended. Choose several to compare them; Replay goes through one as it was.",
    "recorded": "Sessions and recordings that can be replayed beside the session that runs.",
    "run": "The shown run: its chart, equity, figures and trades. A click on a trade shows it on the run's chart.",
    "compare": "The chosen runs beside each other: figures, curves, and the parameters that differ.",
    "settings": "Every setting of the configuration. The file keeps its comments; most hold from the next start.",
}


def help_of(panel: str) -> str:
    """The text for a panel by its name; charts share one. Empty for a panel without a text."""
    return HELP.get(panel.partition(" ")[0], "")
