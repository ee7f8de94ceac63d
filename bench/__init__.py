"""What README's figures were measured with."""
