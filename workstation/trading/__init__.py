"""The trade: strategies, the risk gate, orders, the ledger, the kernel, and the kill switch."""
