"""Everything the workstation keeps on disk: the journal, recorded inputs, the history database, the data folder."""
