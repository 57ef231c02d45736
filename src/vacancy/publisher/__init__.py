"""One unit for one channel -> bytes and ETag, served from memory; and who read which version."""
