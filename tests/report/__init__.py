"""What the store says, as documents."""
