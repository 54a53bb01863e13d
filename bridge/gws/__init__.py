"""Southbound: drives a real Genesys Web Services."""
