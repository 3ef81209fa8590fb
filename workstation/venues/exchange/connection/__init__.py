"""Reaching an exchange: every request within its limits, signed by its clock, with an expiry."""
