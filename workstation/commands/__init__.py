"""What the command line does, one sub-command a file."""
