"""The heap walk in pure Python: what is alive, by type, found through references."""
