"""What `python -m server explain` prints. (test_explanations.py runs it.)"""

from http_api.explain_api import AgentExplanation, HeldItems, OfferExplanation, QueueReason, WorkExplanation
from http_api.supervision_api import Candidate, Explanation
from server.commands.explain_command import lines


def test_work() -> None:
    able, unable = Candidate("ann", None, "", {"load": 0}), Candidate("bob", "skill", "law below 5", {})
    offer = OfferExplanation(
        sequence=7,
        at=1,
        agent_id="ann",
        attempt=1,
        policy_version="v1",
        strategy="longest_idle",
        terms={"load": 0, "idle_since": 3},
        runner_up="bob",
        runner_up_terms={"load": 1},
    )
    found = WorkExplanation(
        work_id="w1",
        interaction_id="i1",
        queue="sales",
        state="waiting",
        summary="It waits.",
        now=Explanation("longest_idle", "v1", {"skill": 1}, (able, unable)),
        offers=(offer,),
    )
    assert lines(found) == [
        "work w1 of interaction i1: It waits.",
        "  turn 7, offer 1 to ann: longest_idle, load 0, idle_since 3; next bob (load 1)",
        "    (the journal is gone)",
        "  now",
        "    ann              may take it: load 0",
        "    bob              skill: law below 5",
    ]


def test_an_agent() -> None:
    def reason(queue: str, waiting: int, work_id: str | None, failed: str | None, detail: str = "") -> QueueReason:
        return QueueReason(
            queue=queue,
            medium="voice",
            waiting=waiting,
            looked_at=waiting,
            failed={},
            work_id=work_id,
            first_failed=failed,
            detail=detail,
        )

    found = AgentExplanation(
        agent_id="ann",
        reason="rules",
        summary="What waits fails a rule.",
        presence="ready",
        presence_reason=None,
        since=1,
        connected=True,
        load=0,
        capacity=2,
        held={"voice": HeldItems(0, 1), "chat": HeldItems(0, 2)},
        queues=(
            reason("law", 2, "w1", "skill", "law below 5"),
            reason("sales", 1, "w2", None),
            reason("x", 0, None, None),
        ),
    )
    assert lines(found) == [
        "agent ann: What waits fails a rule.",
        "  holds 0 of 2 units (voice 0 of 1, chat 0 of 2)",
        "  law: 2 wait; w1: skill law below 5",
        "  sales: 1 wait; w2: may take it",
        "  x: 0 wait",
    ]
