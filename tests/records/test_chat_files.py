"""Files of chats in SQL: kept with their message, found in their chat alone, told apart from those that are gone."""

from dataclasses import replace

from records.chat_files import ChatFile, ChatFiles
from records.database import Database
from records.messages import Chats
from tests.records.test_messages import chat, said

FILE = ChatFile(id="f1", name="a.png", media_type="image/png", size=5, sha256="00" * 32)


async def test_a_file_is_kept_with_its_message_and_found_in_its_chat_alone(database: Database) -> None:
    chats, files = Chats(database), ChatFiles(database)
    for number in (1, 2):
        await chats.open(chat(number), said(1, "hello", "c1"))
    sent = replace(said(2, "", "c2"), file=FILE)
    assert await chats.add("i1", sent) == sent
    assert (await chats.after("i1", 0, 10))[1] == sent
    assert (await chats.after("i1", 0, 10))[0].file is None
    assert await files.find("i1", "f1") == FILE
    assert await files.find("i2", "f1") is None
    assert await files.find("i1", "f2") is None
    assert (await files.count("i1"), await files.count("i2")) == (1, 0)


async def test_the_same_send_again_is_the_first_file(database: Database) -> None:
    chats, files = Chats(database), ChatFiles(database)
    await chats.open(chat(), said(1, "hello", "c1"))
    await chats.add("i1", replace(said(2, "", "c2"), file=FILE))
    again = await chats.add("i1", replace(said(3, "", "c2"), file=replace(FILE, id="f2")))
    assert again.file == FILE
    assert await files.count("i1") == 1


async def test_what_is_past_its_time_is_retired(database: Database) -> None:
    chats, files = Chats(database), ChatFiles(database)
    await chats.open(chat(), said(1, "hello", "c1"))
    for number in (2, 3):
        message = said(number, "", f"c{number}")
        await chats.add("i1", replace(message, file=replace(FILE, id=f"f{number}")))
    assert await files.older(1003, 10) == ("f2",)
    assert await files.older(2000, 1) == ("f2",)
    assert await files.unknown(["f2", "f3", "other"]) == {"other"}
    await files.retire(["f2"], 5000)
    assert await files.older(2000, 10) == ("f3",)
    assert await files.unknown(["f2", "f3"]) == {"f2"}
    (_, second, third) = await chats.after("i1", 0, 10)
    assert second.file is not None
    assert third.file is not None
    assert (second.file.gone, third.file.gone) == (True, False)
    assert await files.count("i1") == 2
