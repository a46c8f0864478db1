"""The pages: what is in the folder, and nothing else."""

from pathlib import Path

import pytest

from tests.http_api.conftest import MakeSite, Site


@pytest.fixture
async def pages(tmp_path: Path, make_site: MakeSite) -> Site:
    folder = tmp_path / "frontend"
    (folder / "agent").mkdir(parents=True)
    (folder / "agent" / "index.html").write_text("<!doctype html>the page")
    (folder / "agent" / "main.js").write_text("export {}")
    (folder / "agent" / "lib.mjs").write_text("export {}")
    (folder / "agent" / "notes.py").write_text("secret")
    (folder / "agent" / ".hidden.js").write_text("secret")
    (folder / "agent" / "v1.2").mkdir()
    (folder / "agent" / "v1.2" / "index.html").write_text("older")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.txt").write_text("secret")
    (folder / "README.md").write_text("secret")
    (folder / "favicon.svg").write_text("<svg/>")
    (tmp_path / "outside.txt").write_text("secret")
    (folder / "agent" / "link.txt").symlink_to(tmp_path / "outside.txt")
    return await make_site(frontend=folder)


async def test_home_leads_to_the_agents_page(pages: Site) -> None:
    answer = await pages.client.get("/", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/agent/")
    answer = await pages.client.get("/agent", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/agent/")
    answer = await pages.client.get("/")
    assert (answer.status, await answer.text()) == (200, "<!doctype html>the page")


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/agent/", "text/html"),
        ("/agent/index.html", "text/html"),
        ("/agent/v1.2/", "text/html"),
        ("/agent/main.js", "text/javascript"),
        ("/agent/lib.mjs", "text/javascript"),
        ("/favicon.svg", "image/svg+xml"),
    ],
)
async def test_files_have_their_type_and_headers(pages: Site, path: str, content_type: str) -> None:
    answer = await pages.client.get(path)
    assert (answer.status, answer.content_type) == (200, content_type)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert (await pages.client.head(path)).status == 200


async def test_an_unchanged_file_is_not_sent_again(pages: Site) -> None:
    first = await pages.client.get("/agent/main.js")
    again = await pages.client.get("/agent/main.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")
    assert again.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/agent/../../outside.txt",
        "/agent/%2e%2e/%2e%2e/outside.txt",
        "/agent/..%2f..%2foutside.txt",
        "/agent/%2e%2e%5c%2e%2e%5coutside.txt",
        "/agent//etc/passwd",
        "/agent/%2fetc%2fpasswd",
        "/agent/link.txt",
        "/agent/.hidden.js",
        "/agent/notes.py",
        "/agent/%00.js",
        "/agent/missing.js",
        "/agent/nothing/",
        "/.git/config.txt",
        "/README.md",
        "/outside.txt",
        "/agent/" + "x" * 300 + ".js",
    ],
)
async def test_nothing_else_is_served(pages: Site, path: str) -> None:
    """Sent as written: clients tidy such paths up before they send them."""
    status, body = await raw_get(pages, path)
    assert status == 404
    assert b"secret" not in body


async def raw_get(pages: Site, path: str) -> tuple[int, bytes]:
    import asyncio

    reader, writer = await asyncio.open_connection(pages.client.host, pages.client.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), body


async def test_pages_do_not_take_the_apis_paths(pages: Site) -> None:
    assert (await pages.client.get("/healthz")).status == 200
    assert (await pages.client.get("/api/v1/nothing")).status == 404
    assert (await pages.client.post("/agent/main.js")).status == 405


async def test_other_sites_may_load_what_the_widget_is_made_of_and_nothing_else(
    tmp_path: Path, make_site: MakeSite
) -> None:
    folder = tmp_path / "frontend"
    for part in ("widget", "lib", "vendor", "agent"):
        (folder / part).mkdir(parents=True)
        (folder / part / "main.js").write_text("export {}")
    site = await make_site(frontend=folder)
    for part, policy in (("widget", "cross-origin"), ("lib", "cross-origin"), ("agent", "same-origin")):
        answer = await site.client.get(f"/{part}/main.js")
        assert answer.headers["Cross-Origin-Resource-Policy"] == policy
        assert (answer.headers.get("Access-Control-Allow-Origin") == "*") is (policy == "cross-origin")


async def test_texts_are_compressed_for_whoever_can_read_them(pages: Site) -> None:
    packed = await pages.client.get("/agent/main.js", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert (packed.status, packed.content_type, await packed.text()) == (200, "text/javascript", "export {}")
    asked = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    again = await pages.client.get("/agent/main.js", headers=asked)
    assert (again.status, await again.read()) == (304, b"")
    for refused in ({"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip;q=0"}, {"Range": "bytes=0-3"}):
        plain = await pages.client.get("/agent/main.js", headers={"Accept-Encoding": "identity", **refused})
        assert "Content-Encoding" not in plain.headers
        assert plain.headers["Vary"] == "Accept-Encoding"
    head = await pages.client.head("/agent/main.js", headers={"Accept-Encoding": "gzip"})
    assert (head.status, head.headers["Content-Encoding"]) == (200, "gzip")


async def test_a_changed_file_is_compressed_anew(pages: Site, tmp_path: Path) -> None:
    gzip = {"Accept-Encoding": "gzip"}
    first = await pages.client.get("/agent/main.js", headers=gzip)
    (tmp_path / "frontend" / "agent" / "main.js").write_text("export const newer = 1;")
    second = await pages.client.get("/agent/main.js", headers=gzip | {"If-None-Match": first.headers["ETag"]})
    assert (second.status, await second.text()) == (200, "export const newer = 1;")
