"""What is known of a caller."""

from ivr import flow as f
from ivr.commands import LookUp, RequestCallback
from ivr.dossier import Dossier


def dossier() -> Dossier:
    return Dossier("en", {"caller": "+86138", "entry": "4000"})


def test_data_wins_over_variables_and_the_language_is_one() -> None:
    known = dossier()
    assert (known.value("caller"), known.value("language"), known.value("other")) == ("+86138", "en", None)
    known.change(f.Set("x", "y", data={"caller": "99", "copy": "<{caller}>"}, language="zh"))
    assert (known.value("caller"), known.value("copy"), known.value("language")) == ("99", "<+86138>", "zh")


def test_the_higher_minimum_counts() -> None:
    known = dossier()
    for minimum in (3, 7, 2):
        known.change(f.Set("x", "y", requirements=(("orders", minimum),)))
    known.change(f.Set("x", "y", priority=4))
    known.change(f.Set("x", "y"))
    left = known.enqueue(f.Queue("q", "orders"))
    assert (left.requirements, left.priority) == ((("orders", 7),), 4)


def test_attributes_are_filled_short_and_left_out_when_empty() -> None:
    known = dossier()
    known.change(f.Set("x", "y", data={"tier": "vip", "long": "x" * 90}))
    asked = {"customer.tier": "{tier}", "topic": "{missing}", "long": "{long}"}
    known.change(f.Set("x", "y", attributes=asked))
    assert known.enqueue(f.Queue("q", "orders")).attributes == {"customer.tier": "vip", "long": "x" * 40}


def test_a_demand_that_was_made_by_mistake_is_lifted_by_0() -> None:
    known = dossier()
    for skill, minimum in (("mandarin", 1), ("orders", 5), ("mandarin", 0), ("english", 0)):
        known.change(f.Set("x", "y", requirements=((skill, minimum),)))
    assert known.enqueue(f.Queue("q", "orders")).requirements == (("orders", 5),)


def test_values_are_spoken_as_digits() -> None:
    known = dossier()
    spoken = known.spoken(("number", "zh/bye", "{caller}", "{gone}"))
    assert spoken == ("en/number", "zh/bye", "en/digit-8", "en/digit-6", "en/digit-1", "en/digit-3", "en/digit-8")
    known.data["long"] = "1" * 500
    assert len(known.spoken(("{long}",))) == 32


def test_requests_carry_what_is_known() -> None:
    known = dossier()
    node = f.Lookup("x", "shop", "state", {"phone": "{caller}", "fixed": "1"}, {}, "a", "b", 5)
    assert known.look_up(3, node) == LookUp(3, "shop", "state", {"phone": "+86138", "fixed": "1"}, 5)
    known.path.append("orders")
    asked = known.callback(4, f.Callback("x", "orders", "{caller}", "a", "b"))
    assert asked == RequestCallback(4, "orders", "+86138", (), ("orders",), "en")
    assert known.message(5, "orders").path == ("orders",)
    assert known.hangup("done").path == ("orders",)
