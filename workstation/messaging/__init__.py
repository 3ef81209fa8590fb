"""NATS: the envelope, what is in it, the connection, streams, leases, and a server of one's own. No broker is built."""
