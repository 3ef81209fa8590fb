"""The order book as a ladder that trades."""
