"""HTTP for the node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from agents_ws.endpoint import PATH, AgentEndpoint, OriginPolicy

if TYPE_CHECKING:
    from server.node import Node


class Web:
    """Listens."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.endpoint = AgentEndpoint(node.desk, node.hub, now=node.pump.now, origin_allowed=OriginPolicy())
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get(PATH, self.endpoint.handle)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._node.settings.bind, self._node.settings.http_port).start()

    async def aclose(self) -> None:
        await self.endpoint.aclose()
        if self._runner:
            await self._runner.cleanup()
