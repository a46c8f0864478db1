"""What people call the site's queues and agents, as it is now; what is not known goes by its id."""

from collections.abc import Callable

from config.site import Site


class Titles:
    """`site` gives the site with the overlay."""

    def __init__(self, site: Callable[[], Site]) -> None:
        self._site = site

    def queue(self, name: str) -> str:
        """A queue's title."""
        known = self._site().queues.get(name)
        return known.title if known is not None else name

    def teams(self, queue: str) -> tuple[str, ...]:
        """The teams that serve the queue: all of them when it names none."""
        site = self._site()
        known = site.queues.get(queue)
        return () if known is None else known.teams or tuple(site.teams)

    def agent(self, agent_id: str) -> str:
        """An agent's display name."""
        known = self._site().agents.get(agent_id)
        return known.display_name if known is not None else agent_id
