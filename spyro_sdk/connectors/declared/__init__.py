"""Any JSON API over HTTP, declared."""
