"""Tables and figures: one panel a file."""
