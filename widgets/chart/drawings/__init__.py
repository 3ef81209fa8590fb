"""Lines, areas and notes that people draw on a chart."""
