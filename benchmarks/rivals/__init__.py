"""Bots that do the calls and nothing else; they know neither the product nor each other."""
