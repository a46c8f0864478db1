"""What server/ passes in really fits the ports (checked by mypy here, and by running it)."""

from http_api.ports import Auth, InteractionQueries, MetricsSource
from records.accounts import Accounts
from records.database import Database
from records.interactions import Interactions
from records.sessions import Sessions, SignIn
from telemetry.metrics import Metrics


async def test_records_and_telemetry_fit() -> None:
    database = Database("sqlite+aiosqlite://")
    auth: Auth = SignIn(Accounts(database), Sessions(database))
    queries: InteractionQueries = Interactions(database)
    metrics: MetricsSource = Metrics()
    assert None not in (auth, queries)
    assert metrics.render()
    await database.close()
