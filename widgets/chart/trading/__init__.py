"""Trading on the chart: lines that are dragged, and the stories of executions and signals."""
