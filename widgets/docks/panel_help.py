"""What each panel is for and how the hand works in it: the texts of the context help."""

from __future__ import annotations

HELP: dict[str, str] = {
    "watchlist": "Lists of symbols with their last price and the change over 24 hours. Search finds every symbol of "
    "the venue; one that the engine does not run is watched, not traded. Drag rows onto another list to move them. "
    "A click shows the symbol in all panels with the same link letter.",
    "alerts": "Alerts that wait and alerts that came. A double click shows where. A right click on the chart sets one "
    "at a price, on an indicator, or on a drawing: its line, a level of it, or its zone.",
    "ticket": "One order. Price and size step with the arrow keys, ten steps with Page up and Page down. "
    "Cost, fee, margin and what the risk gate says are shown before anything is sent; a denied order cannot be sent. "
    "A click on a size writes it, ⋯ beside the sizes edits them; below it is how long the order lives.",
    "templates": "Brackets to attach to an order: distances of stop and targets, and how the stop follows.",
    "chart": "Drag moves, the wheel zooms, a drag on the price axis stretches it, a double click there fits it again. "
    "A working order is a line: its × cancels it. "
    "Ctrl+click fills in the ticket at that price, with Shift as a stop; while one-click is armed it sends."
    " A triangle is an own fill, a number a strategy's signal.",
    "ladder": "The book by price. A left click places a limit order of the chosen size while one-click trading is "
    "armed, here or in the ticket, with the ticket's bracket template; otherwise it fills in the ticket. "
    "Rows stand still under the pointer; an own order is dragged to another, and goes back when dropped outside. "
    "The edge below an own order shows its place in the queue. A right click on the sizes edits them.",
    "depth": "How much rests on each side up to a distance from the middle.",
    "heatmap": "The book over time: the brighter, the more rests at the price. Discs are trades by their size.",
    "footprint": "What traded at each price of a bar, sells × buys. Bold is an imbalance.",
    "liquidity": "Spread, depth near the middle, imbalance and pace of the trades.",
    "tape": "Every trade as it comes; large ones have their own ground.",
    "positions": "Positions by owner, with the working orders below. A right click closes one, cancels its "
    "entries, takes it over or hands it back.",
    "orders": "Working orders first, then those that ended. A right click changes or cancels.",
    "fills": "Executions with their fee and their slippage against the trigger, the resting limit or else the price "
    "that was decided at.",
    "strategies": "A dot tells the state. Start, pause and stop act on selected rows; at the right are parameters, "
    "what the strategy holds inside, and its log.",
    "reconcile": "Where the account differs: ours, the venue's, and what is proposed. Trading halts until then.",
    "connections": "The streams and requests of the exchange: state, age, request weight, clock offset, and how they "
    "went in the last ten minutes, also of an engine without an exchange.",
    "balances": "What the account holds in each asset with its worth, and the funding that was paid and received.",
    "news": "What happened to the engine itself: reconnects, gaps, stalls, halts, denials, findings of the account. "
    "A double click or Return leads to the panel concerned. The figure in the tab counts unseen warnings.",
    "log": "What the engine did and why. Ctrl+C copies the selected lines.",
    "risk": "Each limit with its use. From 70 % it is amber, at the limit red: then orders that add are denied.",
    "pnl": "The day's result, the equity with its high-water line, and what it is made of.",
    "results": "What executions and funding of a span came to, by strategy, symbol, who traded, day, weekday or hour. "
    "Ctrl+C copies as CSV.",
    "journal": "Round trips of a span, net of fees and before funding. A double click writes a note and tags, P "
    "attaches the chart's picture; By tag tells what each tag came to. Positions without a known entry are left out.",
    "backtest": "A run over the past in a process of its own; trading goes on undisturbed.",
    "runs": "Runs that wait, run and ended. Several can be compared; one replayed, or made again with its settings.",
    "recorded": "Sessions and recordings that can be replayed beside the session that runs.",
    "run": "The shown run: its chart, equity, figures, trades and log. A click on a trade shows it on the run's chart.",
    "replay": "What is over, as it was known then. Space plays and pauses, Left and Right step (ten with Shift, to a "
    "trade with Ctrl), Up and Down change the speed, Home and End go to the edges; the date goes anywhere. The session "
    "runs on, and Kill, Flatten and Cancel all act on it.",
    "compare": "The chosen runs beside each other: figures, curves, and the parameters that differ.",
    "settings": "Every setting of the configuration. The file keeps its comments; most hold from the next start.",
}


def help_of(panel: str) -> str:
    """The text for a panel by its name; charts share one. Empty for a panel without a text."""
    return HELP.get(panel.partition(" ")[0], "")
