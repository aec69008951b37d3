"""The tables of README and docs, a file a page: PAGE, and TABLES by the name of their place."""
