"""From files on disk to the store: scan, extract, write, watch."""
