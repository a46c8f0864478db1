"""Pictures and files on the real pages, both ways: chosen, dropped and pasted, and refused in words."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import needs_chromium
from tests.e2e.pictures import payload, picture
from tests.e2e.server import PASSWORD, Server
from tests.frontend.real import Person, accept, ask, be, end, finish, person, sign_in

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


# Gives the page a file as if it was dropped, or pasted, there.
GIVE = """([element, kind, name, type, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const options = { bubbles: true, cancelable: true };
  if (kind === "paste") element.dispatchEvent(new ClipboardEvent("paste", { ...options, clipboardData: transfer }));
  else for (const each of ["dragover", "drop"])
    element.dispatchEvent(new DragEvent(each, { ...options, dataTransfer: transfer }));
}"""


async def give(field: Locator, kind: str, name: str, content: bytes, media_type: str) -> None:
    element = await field.element_handle()
    await field.page.evaluate(GIVE, [element, kind, name, media_type, list(content)])


async def shown(page: Page, within: str, count: int, width: int) -> None:
    """So many pictures are there, the last one loaded and of that width."""
    pictures = page.locator(f"{within} img.picture")
    await expect(pictures).to_have_count(count)
    await expect(pictures.last).to_have_js_property("naturalWidth", width)


@pytest.fixture(scope="module")
def site_edits() -> Callable[[Path], None]:
    """Small limits, so that they are reached."""

    def edit(site: Path) -> None:
        chats = site / "chats.toml"
        text = chats.read_text(encoding="utf-8")
        chats.write_text(text.replace("max_kb = 10240", "max_kb = 20"), encoding="utf-8")

    return edit


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent(browser: Browser, running_server: Server) -> AsyncIterator[Person]:
    async with person(browser, f"http://127.0.0.1:{running_server.http_port}") as agent:
        await sign_in(agent, "agent", "agent1", PASSWORD)
        await be(agent, "ready")
        yield agent


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: Browser, agent: Person) -> AsyncIterator[Person]:
    async with person(browser, agent.base) as visitor:
        yield visitor


async def test_pictures_and_files_go_both_ways(agent: Person, visitor: Person) -> None:
    here, there = agent.page, visitor.page
    await ask(visitor, "My parcel looks like this")
    await accept(agent)
    await expect(there.locator(".where")).to_contain_text("You are talking with")

    await there.locator(".attach-input").set_input_files([payload("parcel.png", picture(31, 17))])
    await shown(there, ".log", 1, 31)
    await shown(here, ".transcript", 1, 31)
    await expect(here.get_by_role("img", name="parcel.png")).to_be_visible()
    await give(there.get_by_label("Write a message"), "drop", "note.txt", b"left at the door", "text/html")
    await expect(here.locator(".transcript .file-save")).to_contain_text(["parcel.png", "note.txt"])

    field = here.get_by_label("Your message")
    await give(field, "paste", "image.png", picture(13, 8), "image/png")
    await shown(there, ".log", 2, 13)
    await expect(there.locator(".line.agent .file-save")).to_contain_text("image.png")
    await give(field, "drop", "contract.pdf", b"%PDF-1.4\nnot much of one", "application/pdf")
    async with there.expect_download() as saving:
        await there.get_by_role("button", name="contract.pdf").click()
    saved = await saving.value
    assert saved.suggested_filename == "contract.pdf"
    assert Path(await saved.path()).read_bytes() == b"%PDF-1.4\nnot much of one"

    await there.reload()
    await shown(there, ".log", 2, 13)
    await here.reload()
    await shown(here, ".transcript", 2, 13)
    await expect(here.locator(".said-when").last).to_contain_text("Read")
    await end(agent)
    await finish(agent)


REFUSALS = [
    ("en-GB", "Files of this kind cannot be sent here.", "The file is too large: 20 kB at most."),
    ("zh-CN", "此处不能发送这种文件。", "文件太大"),
    ("zh-TW", "此處不能傳送這種檔案。", "檔案太大"),
]


@pytest.mark.parametrize(("locale", "kind", "size"), REFUSALS)
async def test_refusals_are_told_and_leave_nothing(
    agent: Person, browser: Browser, running_server: Server, locale: str, kind: str, size: str
) -> None:
    async with person(browser, agent.base, locale=locale) as visitor:
        await ask(visitor, "?")
        files = visitor.page.locator(".attach-input")
        await files.set_input_files([payload("nice.png", b"<svg onload='alert(1)'/>", "image/png")])
        await expect(visitor.page.locator(".uploads .failed")).to_contain_text(kind)
        await visitor.page.locator(".uploads .link").last.click()
        await expect(visitor.page.locator(".uploads")).to_have_count(0)
        await files.set_input_files([payload("large.txt", b"x" * 30_000)])
        await expect(visitor.page.locator(".uploads .failed")).to_contain_text(size)
        await visitor.page.locator(".uploads .link").last.click()
        await expect(visitor.page.locator(".line")).to_have_count(1)
        left = running_server.data_dir / "files" / "incoming"
        assert not left.exists() or list(left.iterdir()) == []
        await visitor.page.locator(".end").click()
        await visitor.page.locator(".end").click()
        visitor.errors[:] = [error for error in visitor.errors if "status of 415" not in error]
