"""One module a source: bytes become pages of `parsers.page`, whatever they are."""
