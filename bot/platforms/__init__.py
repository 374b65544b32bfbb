"""Chat systems: converters between their messages and ours."""
