"""The only room that speaks SQL. Functions take a session and never commit; the edge does, once."""
