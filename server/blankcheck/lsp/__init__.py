"""The language server: an adapter between pygls and the rest of the package. It never runs course code."""
