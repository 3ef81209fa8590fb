"""The order book over time as a heatmap."""
