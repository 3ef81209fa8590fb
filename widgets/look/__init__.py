"""How everything looks: theme and tokens, style, fonts, painting on whole pixels, numbers as text."""
