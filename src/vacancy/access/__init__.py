"""Who may ask: roles, and the keys that prove it."""
