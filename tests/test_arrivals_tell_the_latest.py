"""What an operation's lists bring is told as the list that came last has it."""

from resolvers.arrivals import Arrivals
from upstream.caller import Reply
from upstream.listing import Page
from upstream.records import Artist


def page(name: str, stale_age: float | None = None) -> Reply[Page]:
    return Reply(Page([Artist(7, name)], None), stale_age)


def test_of_two_pages_with_one_object_the_later_one_counts() -> None:
    arrivals = Arrivals()
    arrivals.bring("artists", page("as it was", 30.0))
    arrivals.bring("artists", page("as it is"))
    found = arrivals.find("artist", 7)
    assert found is not None
    assert (found.value.name, found.stale_age) == ("as it is", None)
