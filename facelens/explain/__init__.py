"""Where a network looks and what its layers compute."""
