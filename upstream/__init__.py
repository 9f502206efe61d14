"""The REST API as Python: typed records, one client, and the manners of asking it.

No GraphQL word stands in this package; it imports none of the others.
"""
