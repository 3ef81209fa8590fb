"""Market data: order books, bars, indicators, history, and the built-in market."""
