"""Asking over a network: retries around one request, and what is fetched ahead, in order."""
