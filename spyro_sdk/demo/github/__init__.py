"""A GitHub that never was: its REST API and its device sign-in, over HTTP on loopback."""
