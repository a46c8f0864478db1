"""Numbers as sequences of prompts: digits read out one by one, a caller's place in the queue, and how long it takes."""

MAX_PLACE = 99
MAX_MINUTES = 60
_MINUTE_US = 60_000_000


def digits_prompts(language: str, digits: str) -> tuple[str, ...]:
    """The prompts that read `digits` out one at a time, `*` and `#` by their names."""
    names = {"*": "star", "#": "hash"}
    return tuple(f"{language}/digit-{names.get(digit, digit)}" for digit in digits)


def place_prompts(language: str, place: int) -> tuple[str, ...]:
    """The prompts that tell a caller that they are number `place` (from 1) in the queue.

    A place above 99 is announced as "more than 99 are before you": nobody is helped by the exact figure.
    Raises ValueError for a place below 1.
    """
    if place < 1:
        raise ValueError(f"a place in the queue counts from 1, not {place}")
    if place > MAX_PLACE:
        return (f"{language}/place-many",)
    parts = _mandarin(place) if language == "zh" else _english(place)
    return (f"{language}/place-before", *(f"{language}/{part}" for part in parts), f"{language}/place-after")


def wait_prompts(language: str, wait_us: int) -> tuple[str, ...]:
    """The prompts that tell a caller to wait about so long, in minutes, rounded up; none above an hour.

    Nobody is helped by a figure that large, and it is the least certain.
    """
    minutes = max(1, -(-wait_us // _MINUTE_US))
    if minutes > MAX_MINUTES:
        return ()
    if minutes == 1:
        words: tuple[str, ...] = ("wait-one",)
    elif language == "zh":
        # Before a measure word two is 两 and not 二.
        words = ("wait-two",) if minutes == 2 else (*_mandarin(minutes), "wait-after")
    else:
        words = (*_english(minutes), "wait-after")
    return (f"{language}/wait-before", *(f"{language}/{word}" for word in words))


def _english(number: int) -> tuple[str, ...]:
    """English counts to twenty in single words, then by tens: 42 is `number-40 digit-2`."""
    tens, unit = divmod(number, 10)
    if number < 10:
        return (f"digit-{number}",)
    if number <= 20 or unit == 0:
        return (f"number-{number}",)
    return (f"number-{tens}0", f"digit-{unit}")


def _mandarin(number: int) -> tuple[str, ...]:
    """Mandarin builds from digits and ten: 12 is 十二, 42 is 四十二; `digit-1` to `digit-9` and `number-10`."""
    tens, unit = divmod(number, 10)
    head = (f"digit-{tens}",) if tens > 1 else ()
    middle = ("number-10",) if tens else ()
    tail = (f"digit-{unit}",) if unit else ()
    return head + middle + tail


def speech_prompts(language: str) -> frozenset[str]:
    """Every prompt that the functions above can ask for, so that a site can be checked for them."""
    names = set(digits_prompts(language, "0123456789*#"))
    for place in range(1, MAX_PLACE + 2):
        names.update(place_prompts(language, place))
    for minutes in range(1, MAX_MINUTES + 1):
        names.update(wait_prompts(language, minutes * _MINUTE_US))
    return frozenset(names)
