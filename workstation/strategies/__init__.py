"""The shipped strategies, one a file or package; the name of the module is the name of the strategy."""
