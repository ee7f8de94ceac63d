"""Credentials: where they are looked for, tenant by tenant, and how their values stay out of sight."""
