"""An engine elsewhere as the venue: the execution service, which holds the account."""
