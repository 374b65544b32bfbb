"""One package per vendor, in its own vocabulary: pure builders and parsers, then a client."""
