"""What an order would cost, as the ticket tells it."""

from __future__ import annotations

from widgets.controls.toolbar import Fact
from widgets.look.numbers import format_money, format_percent, format_quantity
from widgets.look.tokens import Tone
from workstation.core.instrument import Instrument
from workstation.core.orders import Intent
from workstation.core.views import AccountView, VerdictView

EMPTY_FACTS = tuple(Fact(name, "–", Tone.FAINT) for name in ("Cost", "Fee", "Margin", "Risk to stop"))


def cost_facts(
    intent: Intent, view: VerdictView, instrument: Instrument, account: AccountView, *, show_quantity: bool
) -> list[Fact]:
    """Cost, fee, margin and risk of an order; its quantity ahead of them where it was sized by something else."""
    currency, equity = account.currency, account.equity
    kind = "Fee, taker" if not view.maker else "Fee, maker rebate" if view.fee < 0 else "Fee, maker"
    fee = format_money(-view.fee, signed=True, currency=currency)
    facts = [
        Fact("Cost", format_money(view.cost, currency=currency)),
        Fact(kind, fee),
        Fact("Margin", format_money(view.margin, currency=currency)),
        Fact("Risk to stop", "no stop", Tone.FAINT),
    ]
    if view.risk is not None and equity:
        share = format_percent(view.risk / equity * 100)
        facts[-1] = Fact("Risk to stop", f"{format_money(view.risk, currency=currency)} · {share}")
    if show_quantity:
        amount = format_quantity(instrument.quantity(intent.lots), instrument.lot, unit=instrument.base)
        facts.insert(0, Fact("Quantity", amount))
    return facts
