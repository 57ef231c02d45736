"""How due work gets done: by this process alone, or shared among instances on PostgreSQL."""
