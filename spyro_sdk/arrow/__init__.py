"""From the bytes of a page to a table, a DataFrame, a file."""
