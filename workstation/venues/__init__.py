"""Where orders go: the venue protocol and its implementations."""
