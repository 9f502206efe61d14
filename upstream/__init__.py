"""The REST API as Python: typed records, one client, and the manners of asking it.

No GraphQL word stands in this package; it imports none of the others.

Where to read on. What can be asked, and what comes back:

- `client` is the one entry: all that the REST API can be asked and told.
- `caller` is who asks (token, deadline, bound on requests), and what came of each question.
- `questions` are the GET endpoints, each with its path, its cache key and how its answer is read.
- `listing` has the lists, their pages and links; `links` parses the Link header.
- `records` are albums, tracks and the like; `decoding` makes them of a body, and finds what is
  wrong in it.
- `errors` is the tree of failures; `statuses` says which one an HTTP status is.
- `tokens` names tokens by a hash, and remembers the revoked ones.
- `policy` has every bound, timeout and lifetime, each a setting; `observer` hears of events.

The way of a question, from the caller to the wire:

- `answers` takes it from a cache, from a request under way, or asks.
- `cache` holds decoded answers by token; `freshness` says for how long (RFC 9111, RFC 5861);
  `kept` decides when one may be served, or stand in while the REST API fails; `keepsakes` keeps
  beside them what others make of them. `recent` is a least-recently-used cache of anything.
- `flights` coalesces equal requests of one token; `batches` begins the many of one operation
  together.
- `fetching` tries as often as makes sense: `album_path` knows where albums are, `retries` has the
  budget, `readings` spares decoding the same bytes again.
- `sender` sends one request: `gate` bounds how many are under way, and is fair to each token;
  `breaker` is the circuit breaker.
- `transport` is one HTTP request; `connections` is its pool, `slots` bounds how many are opened at
  once. `reader` reads the answer; `lane` lets large bodies come in one after the other,
  `territories` takes out the territory lists, which are most of an album's bytes.

What processes share: `sharing` is the interface, `replicas` does it through Redis, `redis_line` is
the connection, bounded in time, and `sealing` the encryption.
"""
