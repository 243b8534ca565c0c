"""Ways to send one request."""
