"""The language server: an adapter between pygls and the rest of the package."""
