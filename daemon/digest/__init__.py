"""The digest: how a group stands, as of an instant, for its coordinators."""
