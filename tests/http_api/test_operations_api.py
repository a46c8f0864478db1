"""Health, readiness and metrics."""

from tests.http_api.conftest import Site


async def test_healthz(site: Site) -> None:
    answer = await site.client.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"status": "ok"})


async def test_readyz_names_each_check(site: Site) -> None:
    fine = {"ok": True, "detail": None}
    answer = await site.client.get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"status": "ready", "checks": {"redis": fine, "media": fine}})
    site.checks.found["media"] = "no worker answers"
    answer = await site.client.get("/readyz")
    assert answer.status == 503
    assert await answer.json() == {
        "status": "not_ready",
        "checks": {"redis": fine, "media": {"ok": False, "detail": "no worker answers"}},
    }


async def test_metrics(site: Site) -> None:
    site.metrics.watch_journal(lambda: 7)
    answer = await site.client.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == site.metrics.content_type
    assert "jackfield_journal_lag_entries 7.0" in await answer.text()
