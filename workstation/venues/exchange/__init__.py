"""A real exchange, or the sandbox exchange that speaks its protocol, through ccxt."""
