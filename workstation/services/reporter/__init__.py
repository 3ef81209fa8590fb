"""The reporter: performance by strategy, symbol and day, daily reports, and notifications."""
