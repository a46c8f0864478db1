"""The application as a whole: sizes, HEAD, and no frontend."""

from tests.http_api.conftest import MakeSite, Site


async def test_head_is_get_without_a_body(site: Site) -> None:
    answer = await site.client.head("/healthz")
    assert (answer.status, await answer.read()) == (200, b"")


async def test_the_body_limit_is_a_setting(make_site: MakeSite) -> None:
    site = await make_site(max_body_bytes=40)
    assert (await site.sign_in("anna")).status == 413
    assert (await site.sign_in("a", "b")).status == 401


async def test_without_a_frontend_there_are_no_pages(site: Site) -> None:
    assert (await site.client.get("/")).status == 404
    assert (await site.client.get("/agent/")).status == 404
