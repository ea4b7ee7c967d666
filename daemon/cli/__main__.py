"""`python -m daemon.cli`: the command, where the entry point is not installed."""

from daemon.cli import main

main()
