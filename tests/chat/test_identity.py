"""Proofs, tokens and clean texts."""

import hmac

import pytest

from chat.identity import clean, hash_of, proof_of, proven, token_for


def test_the_proof_is_hmac_sha256() -> None:
    # RFC 4231, test case 2.
    assert proof_of("Jefe", "what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    assert proven("Jefe", "what do ya want for nothing?", proof_of("Jefe", "what do ya want for nothing?").upper())


@pytest.mark.parametrize(
    ("secret", "user_id", "proof"), [("s", "u", proof_of("t", "u")), ("s", "v", proof_of("s", "u"))]
)
def test_a_wrong_proof_proves_nothing(secret: str, user_id: str, proof: str) -> None:
    assert not proven(secret, user_id, proof)


def test_without_a_secret_nobody_is_proven() -> None:
    assert not proven("", "u", proof_of("", "u"))


def test_the_token_follows_from_the_key_and_the_secret() -> None:
    token = token_for("secret", "key")
    assert token == token_for("secret", "key")
    assert len({token, token_for("other", "key"), token_for("secret", "other"), hash_of(token)}) == 4
    assert len(token) == 43, "256 bits"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (" a\r\nb\rc\td ", "a\nb\nc\td"),
        ("nul\x00 bell\x07 escape\x1b[31m", "nul bell escape[31m"),
        ("<b>markup</b> & 你好 🙂", "<b>markup</b> & 你好 🙂"),
        ("\x00\n ", ""),
    ],
)
def test_control_characters_go_and_markup_stays(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_attributes_are_lines_behind_the_id() -> None:
    signed = {"tier": "gold", "city": "上海"}
    wanted = hmac.new(b"secret-of-the-site", "u1\ncity=上海\ntier=gold".encode(), "sha256").hexdigest()
    assert proof_of("secret-of-the-site", "u1", signed) == wanted
    assert proven("secret-of-the-site", "u1", wanted, signed)
    assert not proven("secret-of-the-site", "u1", wanted)
    assert not proven("secret-of-the-site", "u1", wanted, {**signed, "tier": "platinum"})
