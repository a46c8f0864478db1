"""The site that holds at this moment: read at the time of use, so that a reload or a live edit is there at once."""

from collections.abc import Callable

from config.site import AgentConfig, Site


class CurrentSite:
    """One for the node; server.floor.overlay alone changes it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known = dict(site.agents)
        self._listeners: list[Callable[[Site], None]] = []

    @property
    def site(self) -> Site:
        """Files with live edits. Immutable: what is to be decided by one state of it takes it once."""
        return self._site

    def agent(self, agent_id: str) -> AgentConfig | None:
        """An agent of the site, or one who was taken out of it since the start and may still have work."""
        return self._known.get(agent_id)

    def on_change(self, listener: Callable[[Site], None]) -> None:
        """Calls `listener` with each new site; for what cannot be read at the time of use. It must not raise."""
        self._listeners.append(listener)

    def change(self, site: Site) -> None:
        """This site holds from now on."""
        self._site = site
        self._known.update(site.agents)
        for listener in self._listeners:
            listener(site)
