"""The execution service: the one engine that sends an account's orders, for strategy cores, windows and programs."""
