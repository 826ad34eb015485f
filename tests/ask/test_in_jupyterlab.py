"""JupyterLab in a real browser: Run All, another month, another landmark, one control moved.

What a hand does, and nothing that only a test can do: the commands of the menus, keys and a select.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import nbformat
import pytest
from conftest import write_folder
from drills import hostile

from retention_helpers import ask, shipped
from retention_helpers.ask.groups import to_begin_with
from retention_helpers.business import SAMPLE, open_business
from retention_helpers.report import notebooks

WAIT = 240_000  # milliseconds for a whole notebook on a busy machine
QUIET = [
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
]
TOKEN = "of-the-test"
CELLS = """() => {
  const panel = jupyterapp.shell.currentWidget;
  return panel.content.widgets.filter(one => one.model.type === 'code').map(one => ({
    source: one.model.sharedModel.getSource(),
    count: one.model.executionCount,
    state: one.model.executionState,
    outputs: one.model.outputs.toJSON(),
  }));
}"""
IDLE = "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
DONE = """() => {
  const panel = jupyterapp.shell.currentWidget;
  const cells = panel.content.widgets.filter(one => one.model.type === 'code');
  const failed = one => one.model.outputs.toJSON().some(output => output.output_type === 'error');
  return cells.some(failed) || cells.length > 5 && cells.every(one => one.model.executionCount !== null)
    && panel.sessionContext.session?.kernel?.status === 'idle';
}"""


def _forty() -> list[tuple]:
    """A founder's first year: 40 customers from April 2025 on, every third one left."""
    starts = [f"2025-{4 + nth // 5:02}-{1 + 5 * (nth % 5):02}" for nth in range(40)]
    return [
        (f"C-{nth}", start, f"2026-{1 + nth % 3:02}-15" if nth % 3 == 0 else "", 20 + nth, "active",
         "team" if nth % 2 else "solo", "month")
        for nth, start in enumerate(starts)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on loopback with notebooks for the sample, forty customers, and hostile ones; its address."""
    home = tmp_path_factory.mktemp("lab")
    forty = write_folder(home / "forty", _forty())
    hostiles = hostile.folder(home / "hostile")
    for data, month in ((SAMPLE, "2026-10"), (forty, "2026-03"), (hostiles, "2025-10")):
        business = open_business(data, month, cache=home / "cache")
        notebooks.copy_for_exploring(data, month, home / "work", first=to_begin_with(business))
        business.close()
    without = home / "config" / "labconfig" / "page_config.json"  # as `make lab` has it
    without.parent.mkdir(parents=True)
    without.write_text('{"disabledExtensions": {"@jupyterlab/mathjax-extension:plugin": true}}')
    own = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = os.environ | own | {"PYTHONPATH": str(shipped.HOME), "HOME": str(home)}
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", *QUIET]
    command += [f"--IdentityProvider.token={TOKEN}", "--ServerApp.port_retries=50", "--expose-app-in-browser"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, str(home / "work")], cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield _address(home / "log", server)
        finally:
            server.terminate()
            server.wait(20)


def _address(log: Path, server: subprocess.Popen) -> str:
    for _ in range(300):
        found = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/", log.read_text("utf-8"))
        if found:
            with urlopen(f"http://127.0.0.1:{found[1]}/api", timeout=20) as answered:
                assert answered.status == 200
            return f"http://127.0.0.1:{found[1]}"
        assert server.poll() is None, log.read_text("utf-8")
        time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8"))


@pytest.fixture
def opened(browser: Any, lab: str) -> Iterator[Callable[..., Any]]:
    """A notebook in JupyterLab; what the page asked for from elsewhere fails the test."""
    pages: list[Any] = []
    asked: list[str] = []

    def opening(folder: str, name: str = "start_here", theme: str = "JupyterLab Light") -> Any:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        pages.append(page)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{lab}/lab/workspaces/{folder}/tree/{folder}/{name}.ipynb?token={TOKEN}")
        page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length > 3")
        page.evaluate(f"jupyterapp.commands.execute('apputils:change-theme', {{theme: '{theme}'}})")
        return page

    yield opening
    for page in pages:
        page.close()
    assert [
        url for url in asked if not url.startswith((lab, "data:", "blob:", lab.replace("http", "ws")))
    ] == []


def run_all(page: Any) -> list[dict[str, Any]]:
    page.wait_for_function(IDLE, timeout=WAIT)
    for command in ("notebook:clear-all-cell-outputs", "notebook:run-all-cells"):
        page.evaluate(f"void jupyterapp.commands.execute('{command}')")
    return settled(page)


def settled(page: Any) -> list[dict[str, Any]]:
    """The code cells when all have run: without an error and without a word on stderr."""
    page.wait_for_timeout(1_000)
    page.wait_for_function(DONE, timeout=WAIT)
    cells: list[dict[str, Any]] = page.evaluate(CELLS)
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert [one for one in outputs if one["output_type"] == "error" or one.get("name") == "stderr"] == []
    return cells


def write_into(page: Any, old: str, new: str) -> None:
    """Another value in the parameters, as typed."""
    page.evaluate(
        """([before, after]) => {
          const cells = jupyterapp.shell.currentWidget.content.widgets;
          const found = cells.find(one => one.model.sharedModel.getSource().includes(before));
          const shared = found.model.sharedModel;
          shared.setSource(shared.getSource().replace(before, after));
        }""",
        [old, new],
    )


def in_words(cells: list[dict[str, Any]]) -> str:
    """What the cells say; JupyterLab draws only those that are near the screen."""
    outputs = [output.get("data", {}) for cell in cells for output in cell["outputs"]]
    return "\n".join(str(data.get("text/plain", "")) for data in outputs)


def test_run_all_another_month_another_landmark_and_a_control(opened: Callable[..., Any]) -> None:
    """On the sample: pictures are drawn, words stand left, and the answer below the controls follows them."""
    page = opened("sample-2026-10")
    cells = run_all(page)
    assert "26 customers of October 2026: lost" in in_words(cells)
    pictures = [out for cell in cells for out in cell["outputs"] if "<svg" in str(out.get("data"))]
    assert len(pictures) == 5
    page.locator(".jp-OutputArea-output figure svg").first.scroll_into_view_if_needed()
    page.evaluate("document.querySelectorAll('.jp-Notebook details').forEach(one => one.open = true)")
    drawn = page.evaluate(
        "[...document.querySelectorAll('.jp-OutputArea-output figure svg')]"
        ".map(one => [one.getBoundingClientRect().width, one.querySelectorAll('path').length])"
    )
    assert drawn and min(width for width, _ in drawn) > 300 and min(n for _, n in drawn) > 5
    aligned = "one => getComputedStyle(one).textAlign"
    table = page.locator(".jp-OutputArea-output div.table").first
    assert table.locator("tbody td:not(.number)").first.evaluate(aligned) == "left"
    assert table.locator("tbody .number").first.evaluate(aligned) == "right"

    panel = page.locator(".widget-vbox").first
    panel.scroll_into_view_if_needed()
    month = panel.locator("select").nth(1)
    month.select_option(label="Sep 2026")
    panel.get_by_text("In September 2026").wait_for(timeout=WAIT)
    assert panel.locator("svg").count() == 1

    write_into(page, 'month: str = "2026-10"', 'month: str = "2026-08"')
    write_into(page, "landmark_days=14", "landmark_days=21")
    again = in_words(run_all(page))
    assert "customers of August 2026: lost" in again
    assert "who were there on day 21 after sign-up" in again


def test_forty_customers_in_the_dark(opened: Callable[..., Any]) -> None:
    """Two files, no attributes: every question is answered, and can be read on a dark ground."""
    page = opened("forty-2026-03", theme="JupyterLab Dark")
    assert "customers of March 2026: lost" in in_words(run_all(page))
    ink = page.locator(".jp-OutputArea-output p.finding").first.evaluate("one => getComputedStyle(one).color")
    assert ink == "rgb(231, 229, 224)"


def test_what_hostile_customers_wrote_is_text(opened: Callable[..., Any]) -> None:
    """Payloads in every field: after Run All nothing of them is more than text."""
    page, wrong = opened("data-2025-10", "churn_reasons"), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    cells = run_all(page)
    assert hostile.MARK in str(cells)
    for nth in range(page.locator(".jp-OutputArea-output").count()):
        page.locator(".jp-OutputArea-output").nth(nth).scroll_into_view_if_needed()
    drawn = "\n".join(
        page.locator(".jp-OutputArea-output").evaluate_all("all => all.map(one => one.outerHTML)")
    )
    kept = [str(out.get("data", {}).get("text/html", "")) for cell in cells for out in cell["outputs"]]
    assert [found for text in (drawn, *kept) for found in hostile.of_page(text)] == []
    assert page.locator("mjx-container, .MathJax").count() == 0
    assert [one for one in wrong if hostile.MARK in one] == []


def test_payloads_in_the_menus_are_text(tmp_path: Path) -> None:
    """As names of plans, branches and arms: to choose from, chosen, and in the answer, which is HTML."""
    business = open_business(hostile.folder(tmp_path), "2025-10", cache=tmp_path / "cache")
    panel = ask.controls(business)
    menus, answer = panel.children[0].children, panel.children[1]
    assert not any(one.description_allow_html for one in menus)
    by, only = menus[2], menus[4]
    by.value = "industry"
    offered = [(label, value) for label, value in only.options if hostile.MARK in label]
    assert len(offered) >= 3, only.options
    for _, value in offered[:3]:
        only.value = value
        assert hostile.MARK in answer.value and hostile.of_page(answer.value) == []
    business.close()


def test_the_copies_are_as_the_owner_would_find_them(tmp_path: Path) -> None:
    """Without outputs of the sample, with the cell for the hand still there."""
    folder = notebooks.copy_for_exploring(SAMPLE, "2026-10", tmp_path)
    start = nbformat.read(folder / "start_here.ipynb", 4)
    assert [cell for cell in start.cells if cell.get("outputs")] == []
    assert any("ask.controls" in cell.source for cell in start.cells)
