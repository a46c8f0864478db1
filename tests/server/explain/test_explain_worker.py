"""The process that replays: its question, its answer, and a segment that it cannot read."""

import subprocess
import sys
from pathlib import Path

import msgspec

from server.explain.explain_worker import Found, Piece, Question, answer, decode
from store.segment import pack, pack_head
from tests.e2e.server import ROOT
from tests.server.recorded import offers_of, recorded, with_offer

SEGMENTS = recorded(seed=3, steps=900, every=100)


def ask(question: Question) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "server.explain.explain_worker"]
    return subprocess.run(command, cwd=ROOT, input=msgspec.msgpack.encode(question), capture_output=True, timeout=60)


def test_every_offer_of_a_shift_is_explained_with_the_terms_that_were_recorded(tmp_path: Path) -> None:
    checked = 0
    for segment in SEGMENTS:
        path = tmp_path / "one.journal"
        path.write_bytes(pack(pack_head(segment.head), segment.policies, segment.entries))
        stored = Piece("", pack_head(segment.head), segment.policies, segment.entries)
        for sequence, offer in offers_of(segment):
            for piece in (Piece(str(path)), stored):
                (found,) = answer(Question(offer.work_id, (sequence,), 99, (piece,)))
                assert (found.sequence, found.agent_id) == (sequence, offer.agent_id)
                told = {one.agent_id: one for one in found.summary.candidates}
                assert told[offer.agent_id].failed is None
                assert told[offer.agent_id].terms == offer.decision.terms
                checked += 1
    assert checked > 10


def test_the_process_answers_and_ends(tmp_path: Path) -> None:
    segment = SEGMENTS[with_offer(SEGMENTS)]
    sequence, offer = offers_of(segment)[0]
    piece = Piece("", pack_head(segment.head), segment.policies, segment.entries)
    done = ask(Question(offer.work_id, (sequence,), 99, (piece,)))
    (found,) = decode(done.stdout)
    assert isinstance(found, Found)
    assert found.agent_id == offer.agent_id
    done = ask(Question("w", (1,), 9, (Piece(str(tmp_path / "gone.journal")),)))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"No such file" in done.stderr
