"""What breaks when Halite does: unit, contract, station, line and web tests, models and faults."""
