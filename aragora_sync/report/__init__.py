"""Documents made from the store; nothing is asked of any source."""
