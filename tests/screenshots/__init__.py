"""Pictures of the documents: every workspace, live trading at a sandbox exchange, the web monitor."""
