"""The commands, one module each: what `daemon.cli` declares, they do."""
