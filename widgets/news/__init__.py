"""What happened to the engine itself, in plain words."""
