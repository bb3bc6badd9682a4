"""Data of an earlier version of each service, and how it was made."""
