"""The HTTP around the schema: requests in, answers out, and what an operator sees of both."""
