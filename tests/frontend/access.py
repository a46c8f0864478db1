"""Whether everybody can use a page: WCAG 2.2 in what can be measured. Names, contrast, focus, landmarks, languages."""

from typing import Any

from playwright.async_api import Page

CONTROLS = {"button", "link", "textbox", "searchbox", "combobox", "menuitem", "checkbox", "radio", "slider", "meter"}

# Every visible text with the ratio of its contrast and what it needs: 3 for large text, 4.5 for other. Text that cannot
# be used now (disabled) is free, as 1.4.3 says. Shadow trees are looked into.
FAINT = """
() => {
  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
  };
  const over = (top, below) => top.slice(0, 3).map((value, at) => value * top[3] + below[at] * (1 - top[3]));
  const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const above = (one) => one.parentElement ?? one.getRootNode().host;
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = above(one)) layers.unshift(rgba(getComputedStyle(one).backgroundColor));
    return layers.reduce((below, layer) => over(layer, below), [1, 1, 1]);
  };
  const faint = [];
  const look = (root) => {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      const text = texts.currentNode.data.trim();
      if (!text || !element?.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      if (element.closest(":disabled, [aria-disabled=true], .unseen, script, style, option, svg")) continue;
      const style = getComputedStyle(element);
      const [below, size] = [ground(element), parseFloat(style.fontSize)];
      const [one, two] = [light(over(rgba(style.color), below)), light(below)];
      const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
      const needs = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
      if (ratio < needs) faint.push(`${text}: ${ratio.toFixed(2)} of ${needs}`);
    }
    for (const one of root.querySelectorAll("*")) if (one.shadowRoot) look(one.shadowRoot);
  };
  look(document.body);
  return faint;
}
"""
# What a page as a whole lacks: its language and title, one main part, a heading, labels of its parts, ids that are one.
LACKS = """
(languages) => {
  const lacks = [];
  const { lang, scrollWidth, clientWidth } = document.documentElement;
  if (!languages.includes(lang)) lacks.push(`lang is "${lang}"`);
  if (!document.title.trim()) lacks.push("no title");
  if (document.querySelectorAll("main").length !== 1) lacks.push("not one main");
  if (!document.querySelector("h1, h2")) lacks.push("no heading");
  if (scrollWidth > clientWidth) lacks.push(`wider than the window by ${scrollWidth - clientWidth} px`);
  for (const nav of document.querySelectorAll("nav"))
    if (!nav.ariaLabel && document.querySelectorAll("nav").length > 1) lacks.push("a nav without a name");
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) lacks.push(`two of id ${id}`);
  for (const one of document.querySelectorAll("[aria-labelledby], [aria-controls], [aria-describedby]"))
    for (const name of ["aria-labelledby", "aria-describedby"])
      for (const id of (one.getAttribute(name) ?? "").split(" ").filter(Boolean))
        if (!ids.includes(id)) lacks.push(`${name} to no ${id}`);
  return lacks;
}
"""
# Where the focus is: who, whether it shows (an outline, or another look than without), and whether it is in the window.
FOCUSED = """
() => {
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
  const name = one.ariaLabel || one.innerText?.trim() || one.name || one.id || one.tagName;
  const seen = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  globalThis.focusedBefore ??= new Map();
  if (!focusedBefore.has(one)) focusedBefore.set(one, focusedBefore.size);
  return { number: focusedBefore.get(one), name: `${one.tagName} ${name}`.slice(0, 60), ring, seen };
}
"""
LANGUAGES = ["en", "zh-CN", "zh-TW"]
MOST_STEPS = 150


async def check(page: Page) -> None:
    """Names and contrast of the page as it is."""
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    nameless = [
        node["role"]["value"]
        for node in tree["nodes"]
        if not node["ignored"]
        and node["role"]["value"] in CONTROLS
        and not node.get("name", {}).get("value", "").strip()
    ]
    await session.detach()
    assert not nameless, f"without a name: {nameless}"
    faint = await page.evaluate(FAINT)
    assert not faint, f"too faint: {faint}"


async def check_whole(page: Page) -> None:
    """The same, and what concerns the page as a whole."""
    await check(page)
    lacks = await page.evaluate(LACKS, LANGUAGES)
    assert not lacks, lacks


async def walk(page: Page) -> list[str]:
    """The names of what Tab comes to, in order, until it is at the first one again or leaves the page.

    Fails where the focus does not show, lies out of the window, or cannot be left.
    """
    found: list[dict[str, Any]] = []
    for _ in range(MOST_STEPS):
        await page.keyboard.press("Tab")
        here = await page.evaluate(FOCUSED)
        if here is None or (found and here["number"] == found[0]["number"]):
            return [one["name"] for one in found]
        assert not found or here["number"] != found[-1]["number"], f"no way on from {here['name']}"
        assert here["ring"], f"the focus does not show on {here['name']}"
        assert here["seen"], f"{here['name']} has the focus out of sight"
        found.append(here)
    raise AssertionError(f"{MOST_STEPS} steps and no end: {[one['name'] for one in found[-10:]]}")
