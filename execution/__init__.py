"""The fast path of execution: plain selections are compiled, all else is graphql-core's.

graphql-core completes an answer value by value: for each field of each record it looks up the
field, builds an `info`, calls a resolver, asks whether the value is awaitable, and descends. For a
hundred albums with their tracks that is 18,000 times, although each time the outcome is that an
attribute was read and was a string. Here, what an operation selects beneath a record becomes one
generated Python function an object, which reads the attributes, checks their classes and builds
the dictionaries, or what is lighter where an encoder takes it (`shapes`). It is generic: it knows
graphql-core and Strawberry, and nothing of the schema.

What is compiled. A field is *plain* when it is an attribute (a field of Strawberry's without
resolver, permission, extension or exception handler), or `__typename`, or has a resolver marked
with `pure`; and when its type is a scalar, an enum, an object type whose fields are all plain, or
lists of these. For an object type with an `is_type_of`, this must be `instances_of(...)`, or marked
`by_class`, or Strawberry's own. Of a selection that mixes plain fields with others, the plain ones
are compiled and graphql-core executes the others: so plain records beneath an async root or join
are compiled, and so is the concrete object beneath an interface or a union.

What is not looked at. Where the decoder has checked what a record's fields hold, a schema says so
with `instances_of(..., promises=...)`, and what is promised of a class goes into the answer as it
is: to look at each value again takes a third of the time.

What waits. A field whose resolver is an ordinary async function, without permission, extension or
exception handler, and with arguments that Strawberry gives it as graphql-core has coerced them, is
called directly; and what it brings is completed at once, where its selection is compiled. What is
the same in every execution of a document (its operation, its fragments, the types of its
variables) is found out once: use `start` in the place of graphql-core's `build`.

When. In the execution after `compile_after` others of the same parsed document, or in the first
one where its executor's `compile_at_once` was set; so the caller must keep parsed documents. And
separately for each combination of the Boolean variables in @skip and @include, which alone decide
what is selected. Plans go when their document does, or when
`most_plans` others were used since. A selection of thousands of fields is left as it is.

What falls back. A plan never answers what graphql-core might not: a null where none may be, a
value of an unexpected class, an exception (raised or as a value), something awaitable, a list that
is no exact list or tuple, a record of a wrong class: each makes it give the object up, and
graphql-core completes it from the beginning. Thus every error is graphql-core's own, with its
message, path and place. Selections within the object are planned each for itself, so one bad
track costs its own fields and the way to it. Because of this a plain field may be read twice:
attributes and pure resolvers must not mind. And the plain fields of an object are read before the
others are resolved: no resolver may change the record that it is given.

Never planned: introspection, subscriptions, operations with @defer or @stream, executions with
middleware or without error propagation, or that can be aborted. Root fields of mutations are called
directly, one after the other, and not compiled; what is beneath them is.

How to switch it off. Give graphql-core's own executor, or Strawberry's, in the place of this
one. How to see it work: `compiled_execution(...).statistics`.

What it relies on that is not public, held by a test and by pinned versions: graphql-core's
`Executor.execute_operation`, `execute_collected_root_fields`, `execute_fields`, `execute_field` and
`build_response` (overridden), `collect_subfields` and its memo `_relevant_sub_fields` (shared
between executions of one variant), and how an executor is made; Strawberry's
`GraphQLCoreConverter.from_resolver`, whose inner functions are recognised by their code.

Where to read on: `marks` (what a schema can say), `readings` (how a field is read), `calls` (how a
resolver is called), `values` (what is let through), `source` (the generated function), `shapes`
(what it may build), `plans` (what is kept), `starts` (what is known of a document), `templates`
(how an executor is made), `context` (the hooks).
"""

from .context import CompiledExecutionContext, compiled_execution
from .marks import Promise, Serialized, by_class, derived, instances_of, keeps, pure
from .plans import PlanStore, Statistics

__all__ = [
    "CompiledExecutionContext",
    "PlanStore",
    "Promise",
    "Serialized",
    "Statistics",
    "by_class",
    "compiled_execution",
    "derived",
    "instances_of",
    "keeps",
    "pure",
]
