"""The words of the field as types: no I/O, no vendor's vocabulary, nothing but data."""
