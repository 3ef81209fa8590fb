"""An exchange's market data as the engine's inputs."""
