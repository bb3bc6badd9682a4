"""What spraying should do, computed offline for process engineers; the line never asks it."""
