"""A fresh interpreter that does nothing: what is in the others' time too."""
