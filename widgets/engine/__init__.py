"""The one way to an engine, in this process or elsewhere: its protocol, its events as Qt signals, its words."""
