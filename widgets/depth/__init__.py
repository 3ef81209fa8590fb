"""The book as a depth chart, and how liquid it is."""
