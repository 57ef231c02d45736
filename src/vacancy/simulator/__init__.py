"""Pretend channels with the habits of real ones, and the world of guests and hosts around them.

Nothing in here is part of the product's way: it stands outside, sells nights, serves feeds, reads
exports, and so drives the whole house in the demo, in rehearsals and in tests. Same seed, same
history, byte for byte.
"""
