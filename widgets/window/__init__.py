"""The window around the panels: start pages, mode banner, panic buttons, status bar."""
