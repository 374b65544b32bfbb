"""The ports implemented on the clients: the domain's words in, the vendor's out, and back."""
