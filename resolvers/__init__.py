"""How a value is got: which REST requests a selection costs, and when they are sent.

Where to read on. Entry points, one module for each kind of root field:

- `albums`, `artists`, `labels`, `tracks`: one object by its ID, and a window of all.
- `listenings`, `deliveries`: a window of a range of days (`days`), joined with albums and tracks.
- `nodes`: any object by its global ID, or by a gateway's representation; `global_ids` are the IDs.
- `tokens`: API tokens, created and revoked.
- `live`: deliveries as they are processed, for subscriptions.

What an operation shares:

- `context` is what its resolvers have in common; `loaders` batch its requests; `arrivals` are the
  records that its lists have brought; `scans` read a short list instead of many single objects.
- `selection` is what it selects below a field; `joins` put whole records in the place of stubs;
  `turns` divide the completion of long lists.
- `costs` is the model of what each field costs, for limits, explain and the cost directives;
  `errors` are the caller's mistakes.

Pagination, from the field to the pages of the REST API:

- `connections` makes a Relay connection of a window; `listings` finds the window's rows.
- `cursors` are read and written; `windows` is the arithmetic from first, after, last and before to
  places (offsets, from 0), and on to pages.
- `pagers` asks for the pages that a window needs, and keeps their rows in a hand (`hands`);
  `anchors` look there for the rows that cursors name, `row_order` helps where they are gone.
- `habits` are what was learned of a list: which page sizes it serves, whether it has a Link header.
"""
