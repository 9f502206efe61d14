"""Where rows are in the order of their numbers, these tell where another one would stand."""

from resolvers.row_order import gap_of, side_of
from tests.paged_list import Record


def test_a_number_far_from_all_others_tells_no_side() -> None:
    rows = {place: Record(place + 1) for place in range(20)}
    assert side_of(500, rows) == 1
    assert side_of(1_000, rows) == 0
    assert gap_of(1_000, rows, 20) is None
