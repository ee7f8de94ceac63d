"""Webhooks: received, verified, queued, and handed to whoever runs connectors."""
