"""An exchange's account: orders, executions, positions, balances."""
