"""The HTTP around the schema: requests in, answers out, and what an operator sees of both.

Where to read on. The process:

- `app` is the ASGI application, put together from `settings`, and from the `parts` that they turn
  on; `serving` runs uvicorn around it, `drain` is its end; `malloc` steers glibc's allocator.
- `connections` bounds how slow and how large a request's head may be; `sending` writes an answer
  in one piece; `stalls` leaves who does not take it.
- `service` is what the endpoint is given: schema, documents, context, observers.

One request, in order:

- `graphql` is the endpoint; `visits` is a request while it is answered, `request_records` what
  logs, metrics and traces are made from.
- `request_headers` and `negotiation` read its headers, `incoming` its body or URL; `begun` runs a
  coroutine up to its first wait, without a timer. `rates` limits how many may come.
- `persisted` finds documents by name (trusted documents, APQ), `persisted_redis` in Redis, too.
- `documents` parses and validates a text once; `limits` bounds what it may hold.
- `footprints` finds the fields that cause REST requests, `estimates` prices them for one request's
  variables, and explains the plan.
- `outcomes` executes the operation, or finds what came of an equal one: `kept_answers` are whole
  answers that are still fresh, `shared_work` is an execution that others wait for, too.
- `watching` ends it with its deadline, or when its client has gone.
- `answers` makes the HTTP answer; `shown_errors` are the errors in it; `request_errors` and
  `refusals` are why nothing was executed, as GraphQL and as HTTP have it.

Subscriptions, and other operations in their way: `live` is the endpoint with them, `events` sends
server-sent events, `sockets` speaks graphql-transport-ws.

For operators and people: `health`, `metrics` (with `tallies`, its counters), `logs`, `tracing`, and
`playground`, which is GraphiQL.
"""
