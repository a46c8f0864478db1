"""The site of the moment, and those who follow it."""

from config.site import Site
from server.current import CurrentSite
from tests.server.sites import agent, small_site


def test_who_has_left_is_still_known_and_listeners_see_the_new_site() -> None:
    before = small_site({"anna": agent("anna"), "ben": agent("ben")})
    after = small_site({"anna": agent("anna", display_name="Anna B."), "cai": agent("cai")})
    current, seen = CurrentSite(before), list[Site]()
    current.on_change(lambda site: seen.append((current.site is site and site) or before))
    current.change(after)
    assert current.site is after
    assert seen == [after]
    assert [getattr(current.agent(name), "display_name", None) for name in ("anna", "ben", "cai", "dan")] == [
        "Anna B.",
        "Ben",
        "Cai",
        None,
    ]
