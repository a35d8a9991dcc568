"""Finding code: by symbol name and by words."""
