"""The desktop: Qt widgets that read the engine's events and send commands."""
