"""Our own HTTP server: turns webhook endpoints and pages into routes; converters only, no logic."""
