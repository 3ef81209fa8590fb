"""Headless services over NATS: the feed handler, execution, risk state, reporter, and the ops API."""
