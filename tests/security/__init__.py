"""What nobody may see or do: TLS, secrets, rights, and what the parts of others are known for."""
