"""Cronofy API: https://docs.cronofy.com/developers/."""
