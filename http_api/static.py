"""The pages: files of one folder as they are, and nothing outside it. A browser asks each time what has changed."""

import asyncio
import gzip
from collections.abc import Mapping
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


# What is worth compressing; sounds and pictures are compressed already.
_TEXTS = frozenset({".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest"})
# The folders that the widget is made of.
_EMBEDDED = frozenset({"widget", "lib", "vendor"})


class Packed:
    """Files compressed once for each version of them, and kept: all texts of the pages are a few hundred kilobytes."""

    def __init__(self) -> None:
        self._kept: dict[Path, tuple[str, bytes]] = {}

    async def response(self, request: web.Request, path: Path, headers: Mapping[str, str]) -> web.Response:
        """The file with gzip, or 304 when the browser has it (RFC 9110, sections 8.4 and 13.1.2)."""
        tag, body = await asyncio.to_thread(self._body, path)
        told = {**headers, hdrs.ETAG: f'"{tag}"', hdrs.CONTENT_ENCODING: "gzip"}
        if any(each.value == tag for each in request.if_none_match or ()):
            return web.Response(status=304, headers=told)
        return web.Response(body=body, headers=told)

    def _body(self, path: Path) -> tuple[str, bytes]:
        found = path.stat()
        tag = f"{found.st_mtime_ns:x}-{found.st_size:x}-gzip"
        kept = self._kept.get(path)
        if kept is None or kept[0] != tag:
            kept = (tag, gzip.compress(path.read_bytes(), compresslevel=9, mtime=0))
            self._kept[path] = kept
        return kept


def _takes_gzip(request: web.Request) -> bool:
    """Whether gzip is among what the browser decodes; a part of a file is given as it is."""
    if hdrs.RANGE in request.headers:
        return False
    offered = [each.strip().lower() for each in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(",")]
    return any(each == "gzip" or (each.startswith("gzip;") and not each.endswith("q=0")) for each in offered)


class StaticPages:
    """Serves the folder's top-level entries, so that unknown paths elsewhere stay a plain 404.

    A file is served when its real path (symbolic links followed) is inside the folder, no part of the path begins
    with a dot, and its ending is in the table above.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._packed = Packed()

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
        if found.suffix in _TEXTS:
            headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
            if _takes_gzip(request):
                return await self._packed.response(request, found, headers)
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
