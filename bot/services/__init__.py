"""Use cases, on ports only: what the bot does, whatever the chat system and the provider."""
