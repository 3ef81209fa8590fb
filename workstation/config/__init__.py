"""Settings: ``config/strategy.yaml`` and profiles, as typed, frozen values."""
