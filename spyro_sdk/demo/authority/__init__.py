"""An authorization server that never was (OAuth 2): it asks a person in a browser, and gives out tokens."""
