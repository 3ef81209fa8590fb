"""The settings of the configuration, shown, changed and written."""
