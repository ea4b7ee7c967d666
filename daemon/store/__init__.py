"""What the daemon remembers: rows (SQLAlchemy), blobs (fsspec), and the journal's hash chain."""
