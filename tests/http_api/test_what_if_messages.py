"""Each line says what it is."""

import msgspec

from http_api.what_if_messages import Compared, ComparedMeasure, Failed, Interval, Line, Working

MEASURE = ComparedMeasure(Interval(0.5, 0.4, 0.6), Interval(0.7, None, None), Interval(), "unclear")


def test_lines_are_told_apart_by_their_type() -> None:
    for line in (Working(3), Failed("failed"), Compared(pairs=2, elapsed_us=1, done=False, queues=(), teams=())):
        assert msgspec.json.decode(msgspec.json.encode(line), type=Line) == line
    assert msgspec.json.encode(MEASURE.after) == b'{"value":0.7,"low":null,"high":null}'
