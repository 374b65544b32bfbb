"""What the bot takes and how long people wait, measured on made-up companies."""
