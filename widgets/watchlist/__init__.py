"""Lists of symbols to look at, those of the engine and others of the venue."""
