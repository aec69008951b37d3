"""`facelens …`: one file a command, no torch at import."""
