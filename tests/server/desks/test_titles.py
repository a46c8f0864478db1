"""Titles as the site has them, ids for what it does not know."""

from dataclasses import replace

from server.desks.titles import Titles
from tests.server.sites import agent, small_site


def test_titles_follow_the_site() -> None:
    sites = [small_site({"anna": agent("anna")})]
    titles = Titles(lambda: sites[-1])
    queue = sites[0].queues["orders"]
    assert (titles.queue("orders"), titles.queue("gone")) == (queue.title, "gone")
    assert (titles.agent("anna"), titles.agent("gone")) == (sites[0].agents["anna"].display_name, "gone")
    assert (titles.teams("orders"), titles.teams("gone")) == (queue.teams or tuple(sites[0].teams), ())
    sites.append(replace(sites[0], queues={"orders": replace(queue, title="New", teams=("line9",))}))
    assert (titles.queue("orders"), titles.teams("orders")) == ("New", ("line9",))
