"""Asking other machines."""
