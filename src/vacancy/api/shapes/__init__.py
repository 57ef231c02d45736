"""What requests and answers look like, apart from the tables: a file a noun."""
