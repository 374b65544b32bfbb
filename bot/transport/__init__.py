"""The seam for HTTP: plain requests and responses, one aiohttp implementation, limits, retries."""
