"""Digest secrets of phones."""

from records.database import Database
from records.phones import Phones, phone_secret

# The example of RFC 7616 section 3.9.1.
MUFASA = phone_secret("Mufasa", "http-auth@example.org", "Circle of Life")


def test_ha1_of_the_rfc_example() -> None:
    """The responses printed in RFC 7616, 3.9.1, come out of our HA1s."""
    import hashlib

    for name, ha1, response in (
        ("md5", MUFASA.ha1_md5, "8ca523f5e9506fed4657c9700eebdbec"),
        ("sha256", MUFASA.ha1_sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        ha2 = hashlib.new(name, b"GET:/dir/index.html").hexdigest()
        nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
        cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
        text = f"{ha1}:{nonce}:00000001:{cnonce}:auth:{ha2}"
        assert hashlib.new(name, text.encode()).hexdigest() == response


async def test_kept_changed_and_removed(database: Database) -> None:
    phones = Phones(database)
    await phones.set_password("anna", "jackfield", "first")
    await phones.set_password("anna", "elsewhere", "other")
    assert await phones.get("anna", "jackfield") == phone_secret("anna", "jackfield", "first")
    await phones.set_password("anna", "jackfield", "second")
    assert await phones.get("anna", "jackfield") == phone_secret("anna", "jackfield", "second")
    await phones.remove("anna", "jackfield")
    assert await phones.get("anna", "jackfield") is None
    assert await phones.get("anna", "elsewhere") is not None
