"""A real exchange, or the sandbox exchange that speaks its protocol, through ccxt."""

from workstation.venues.exchange.lazy_ccxt import load_lazily

load_lazily()
