"""The composition root: everything is wired here, by name, in sight."""
