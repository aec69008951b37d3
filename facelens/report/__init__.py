"""What a visitor takes away: PNG, CSV, JSON."""
