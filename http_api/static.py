"""The pages: files of one folder as they are, and nothing outside it. A browser asks each time what has changed."""

from pathlib import Path

from aiohttp import hdrs, web

# The machine's own table may say something else, or nothing; a module script needs a JavaScript type.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
INDEX = "index.html"
HOME = "/agent/"


# The folders that the widget is made of.
_EMBEDDED = frozenset({"widget", "lib", "vendor"})


class StaticPages:
    """Serves the folder's top-level entries, so that unknown paths elsewhere stay a plain 404.

    A file is served when its real path (symbolic links followed) is inside the folder, no part of the path begins
    with a dot, and its ending is in the table above.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def add_to(self, app: web.Application) -> None:
        """Adds GET and HEAD routes: `/` (the folder's own index, else the agents' page) and one for each entry."""
        app.router.add_get("/", self._home)
        for entry in sorted(self._folder.iterdir()):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                app.router.add_get(f"/{entry.name}", self._add_slash)
                app.router.add_get(f"/{entry.name}/{{path:.*}}", self._file)
            elif entry.suffix in _TYPES:
                app.router.add_get(f"/{entry.name}", self._file)

    async def _home(self, request: web.Request) -> web.StreamResponse:
        if self._find(request.path) is None:
            raise web.HTTPFound(HOME)
        return await self._file(request)

    async def _add_slash(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(request.path + "/")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        found = self._find(request.path)
        if found is None:
            raise web.HTTPNotFound
        # aiohttp adds ETag and Last-Modified, and answers conditional and range requests.
        headers: dict[str, str] = {hdrs.CONTENT_TYPE: _TYPES[found.suffix], hdrs.CACHE_CONTROL: "no-cache"}
        if request.path.split("/")[1] in _EMBEDDED:
            # Other sites load the widget by one script tag, and its modules with it: nothing there is anybody's secret.
            headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return web.FileResponse(found, headers=headers)

    def _find(self, path: str) -> Path | None:
        parts = path.split("/")[1:]
        if parts[-1] == "":
            parts[-1] = INDEX
        if any(part == "" or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        try:
            found = self._folder.joinpath(*parts).resolve()
            served = found.is_relative_to(self._folder) and found.suffix in _TYPES and found.is_file()
        except OSError:
            return None  # a name that no file can have (too long)
        return found if served else None
