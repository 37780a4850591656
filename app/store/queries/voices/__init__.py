"""Known voices, and the names of speakers."""
