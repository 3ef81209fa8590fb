"""Real exchanges through ccxt and ccxt.pro: market data, orders, and the account."""
