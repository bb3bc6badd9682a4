"""Rubbish for every door: requests made up from the contracts, and bytes for every parser."""
