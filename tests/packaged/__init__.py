"""The built application as somebody gets it: copied to them, with neither Python nor a checkout in reach."""
