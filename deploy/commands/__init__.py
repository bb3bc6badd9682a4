"""One module a subcommand of `halite`; each holds its click command as `command`."""
