from agents_ws.examples import CLIENT_EXAMPLES, SERVER_EXAMPLES
from agents_ws.messages import MAX_MESSAGE_BYTES, encode


def test_examples_fit_the_limits_and_differ() -> None:
    encoded = [encode(example) for example in (*CLIENT_EXAMPLES, *SERVER_EXAMPLES)]
    assert len(set(encoded)) == len(encoded)
    assert max(map(len, encoded)) < MAX_MESSAGE_BYTES
