"""What the book and its trades tell beyond the price: depth over time, footprint, queue, bursts, liquidity."""
