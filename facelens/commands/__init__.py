"""`facelens …`: one file per command, no torch at import."""
