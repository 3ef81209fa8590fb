"""The ops API: what a browser or a program sees of an engine and may command, over HTTP and a websocket."""
