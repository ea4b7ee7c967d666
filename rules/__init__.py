"""Records and an instant in, what is owed out. Pure: no clock, network, database or environment."""
