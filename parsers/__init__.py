"""Bytes in, records out: what a mail and its documents say. Pure: no clock, network, database or environment."""
