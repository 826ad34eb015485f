"""The committed notebooks: what nbval does not see, that nothing but `make notebooks` writes them, and that
all of this would be noticed.

nbval passes a notebook without outputs, skips images and metadata, and a cell that never ran.
"""

import ast
import copy
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from retention_helpers import shipped
from retention_helpers.report import notebooks
from retention_helpers.words.errors import InputError

COMMITTED = notebooks.to_explore()
OF_A_REPORT = notebooks.in_reading_order()
PARAMETERS = {"data": "../data/sample", "findings_to": "", "reports": ""}
# A cell computes nothing of its own, and shows a customer's words only through a helper that escapes.
FORBIDDEN_NODES = {
    ast.FunctionDef: "def",
    ast.AsyncFunctionDef: "def",
    ast.Lambda: "lambda",
    ast.ClassDef: "class",
    ast.For: "loop",
    ast.While: "loop",
    ast.comprehension: "loop",
    ast.Try: "try",
    ast.With: "with",
    ast.BinOp: "arithmetic",
    ast.AugAssign: "arithmetic",
}
FORBIDDEN_NAMES = {
    "print": "print",
    "open": "file access",
    "Path": "file access",
    "read_csv": "file access",
    "read_parquet": "file access",
    "to_csv": "file access",
    "to_parquet": "file access",
    "write_text": "file access",
    "filterwarnings": "warning filter",
    "simplefilter": "warning filter",
    "catch_warnings": "warning filter",
    "sys": "sys.path",
    "style": "Styler, which does not escape",
    "Styler": "Styler, which does not escape",
    "Markdown": "Markdown of any text",
    "HTML": "HTML of any text",
    "to_html": "to_html",
    "great_tables": "great_tables",
    "set_theme": "a style of its own",
    "rcParams": "a style of its own",
}


MOST_LINES = 12  # of a code cell; the list of imports may be longer
WIDGET = "application/vnd.jupyter.widget-view+json"


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Those that run by themselves."""
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and notebooks.BY_HAND not in cell.metadata.get("tags", [])
    ]


# What has nothing to say on the sample, and says so by showing nothing.
SILENT = {
    "codes.sentence()",
    "churn_reasons.lines_to_paste(codes, business.settings.reason_map)",
    "moved.sentence(shown, before)",
    "moved_month.sentence(this_month, year_before)",
    "groups.figure(tested)",
    "early_warning.left_out(business).sentence()",
    "foreign.sentence(rates, business.currency)",
    "exchanged.sentence(business.currency)",
}


def complaints(notebook: NotebookNode) -> list[str]:
    """Everything that is wrong with a notebook as it stands in its file."""
    return [
        *_about_outputs(notebook),
        *_about_images(notebook),
        *_about_form(notebook),
        *_about_parameters(notebook),
        *(fault for cell in code_cells(notebook) for fault in _about_source(cell.source)),
    ]


def _about_outputs(notebook: NotebookNode) -> Iterator[str]:
    fault = notebooks.fault(notebook)
    if fault:
        yield fault
    cells = code_cells(notebook)
    if not any(cell.outputs for cell in cells):
        yield "no cell shows anything"
    for cell in cells:
        if any(output.get("name") == "stderr" for output in cell.outputs):
            yield f"stderr: {cell.source[:60]}"
        if any(WIDGET in output.get("data", {}) for output in cell.outputs):
            yield f"a widget, which no page can show: {cell.source[:60]}"
        # nbval compares what is there, and passes when nothing is
        last = ast.parse(cell.source).body[-1]
        shows = isinstance(last, ast.Expr) and ast.unparse(last) not in SILENT
        if shows and not cell.outputs and "hand_on" not in cell.source:
            yield f"ends in an expression and shows nothing: {cell.source[:60]}"
        if len(cell.source.splitlines()) > MOST_LINES and not cell.source.startswith("from "):
            yield f"more than {MOST_LINES} lines: {cell.source[:60]}"


def _about_images(notebook: NotebookNode) -> Iterator[str]:
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "image/svg+xml" not in output.get("data", {}):
                continue
            alt = output.metadata.get("image/svg+xml", {}).get("alt", "")
            words = output.data.get("text/plain", "")
            if len(alt) < 20:
                yield f"no words for an image: {cell.source[:60]}"
            if not re.search(r"\d", words):
                yield f"no numbers that nbval could compare beside an image: {cell.source[:60]}"
            elif alt not in words and words not in alt:
                yield f"the image's words and the compared ones differ: {cell.source[:60]}"


def _about_form(notebook: NotebookNode) -> Iterator[str]:
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "not the kernel python3"
    if "papermill" in notebook.metadata or any("papermill" in cell.metadata for cell in notebook.cells):
        yield "papermill's metadata"
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not re.match(r"# .*\?$", first.source.splitlines()[0]):
        yield "does not begin with a question"
    words = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    sections = re.findall(r"^#+ (.*)$", words, re.MULTILINE)
    if not sections or sections[-1] != "What this does not show":
        yield "does not end with what it does not show"


def _about_parameters(notebook: NotebookNode) -> Iterator[str]:
    tagged = [cell for cell in code_cells(notebook) if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        yield f"{len(tagged)} cells with parameters"
        return
    lines = tagged[0].source.splitlines()
    for line, statement in zip(lines, ast.parse(tagged[0].source).body, strict=False):
        if not re.fullmatch(r"\w+: [\w\[\], ]+ = [^#]+?  # .+", line):
            yield f"a parameter without type or comment: {line}"
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
            if (
                name in PARAMETERS
                and ast.literal_eval(statement.value or ast.Constant(None)) != PARAMETERS[name]
            ):
                yield f"the default is not the sample: {line}"


def _about_source(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        what = FORBIDDEN_NODES.get(type(node))  # type: ignore[call-overload]
        name = getattr(node, "id", None) or getattr(node, "attr", None)
        if isinstance(node, ast.alias | ast.ImportFrom):
            name = (node.name if isinstance(node, ast.alias) else node.module or "").partition(".")[0]
        what = what or FORBIDDEN_NAMES.get(name or "")
        if what:
            yield f"{what} in a cell: {source[:60]}"


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_notebook_is_as_it_should_be(path: Path) -> None:
    assert complaints(notebooks.read(path)) == []


def test_there_are_notebooks_and_the_order_knows_them() -> None:
    names = [path.stem for path in COMMITTED]
    assert names[:2] == ["start_here", "monthly_review"]
    assert set(names[1:]) <= set(notebooks.READING_ORDER)


def test_own_questions_belong_to_no_report() -> None:
    """Nor may they be asked for; cells for the hand run by themselves nowhere, and have shown nothing."""
    assert [path.stem for path in COMMITTED if path not in OF_A_REPORT] == ["start_here"]
    with pytest.raises(InputError, match="no notebook called start_here"):
        notebooks.chosen(["start_here"])
    start = notebooks.read(COMMITTED[0])
    by_hand = [cell for cell in start.cells if notebooks.BY_HAND in cell.metadata.get("tags", [])]
    assert [cell.source for cell in by_hand] == ["ask.controls(business)"]
    assert "nbval-skip" in by_hand[0].metadata["tags"] and by_hand[0].outputs == []
    told = "\n".join(cell.source for cell in start.cells if cell.cell_type == "markdown")
    assert all(f"({path.name})" in told for path in OF_A_REPORT)


def test_a_report_has_the_notebooks_that_can_speak() -> None:
    """Of a shop, of a biller, and of both; one that was asked for by its name is refused with its table."""
    paths, names = OF_A_REPORT, {path.stem for path in OF_A_REPORT}

    def of(*tables: str) -> set[str]:
        return names - {path.stem for path in notebooks.fitting(paths, (), tables)}

    assert of("customers", "orders") == {"churn_reasons", "early_warning"}
    assert of("customers", "subscriptions") == {"repeat_purchase"}
    assert of("customers", "subscriptions", "orders") == set()
    with pytest.raises(InputError, match="orders"):
        notebooks.fitting(paths, ("repeat_purchase",), ("customers", "subscriptions"))


def test_outputs_are_the_ones_that_were_locked() -> None:
    assert notebooks.unlocked() == []


# -------------------------------------------------------------- changes that must be noticed


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The notebooks beside the sample, where they can be spoilt."""
    shutil.copytree(notebooks.FOLDER, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample").symlink_to(shipped.HOME / "data" / "sample")
    return tmp_path / "notebooks"


def with_image(notebook: NotebookNode) -> NotebookNode:
    return next(
        output
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "image/svg+xml" in output.get("data", {})
    )


def strip_outputs(notebook: NotebookNode) -> None:
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None


def strip_outputs_only(notebook: NotebookNode) -> None:
    for cell in code_cells(notebook):
        cell.outputs = []


def remove_alt(notebook: NotebookNode) -> None:
    del with_image(notebook).metadata["image/svg+xml"]["alt"]


def change_alt(notebook: NotebookNode) -> None:
    about = with_image(notebook).metadata["image/svg+xml"]
    about["alt"] = "A chart that shows something else altogether."


def show_a_bar_of_progress(notebook: NotebookNode) -> None:
    bar = {WIDGET: {"model_id": "1"}, "text/plain": "FloatProgress(value=0.0)"}
    code_cells(notebook)[-1].outputs.append(nbformat.v4.new_output("display_data", bar))


def run_out_of_order(notebook: NotebookNode) -> None:
    first, second, *_ = code_cells(notebook)
    first.execution_count, second.execution_count = second.execution_count, first.execution_count


def wire_in_a_cell(notebook: NotebookNode) -> None:
    code_cells(notebook)[-1].source += "\nwarnings" * MOST_LINES


def show_own_data(notebook: NotebookNode) -> None:
    cell = next(cell for cell in code_cells(notebook) if "parameters" in cell.metadata.get("tags", []))
    cell.source = notebooks.fill_in(cell.source, {"data": "/home/me/customers"})


@pytest.mark.parametrize(
    "spoil",
    [
        strip_outputs,
        strip_outputs_only,
        remove_alt,
        change_alt,
        show_a_bar_of_progress,
        run_out_of_order,
        wire_in_a_cell,
        show_own_data,
    ],
)
def test_a_spoilt_notebook_is_noticed_twice(copied: Path, spoil) -> None:
    """By what is wrong with it, and by the lock."""
    path = copied / "measurement.ipynb"
    notebook = notebooks.read(path)
    before = copy.deepcopy(notebook)
    spoil(notebook)
    assert complaints(notebook) != complaints(before)
    nbformat.write(notebook, path)
    assert notebooks.unlocked(copied) == ["measurement.ipynb is not as `make notebooks` wrote it."]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("def rate(): pass", "def"),
        ("[f(x) for x in rows]", "loop"),
        ("lost / start", "arithmetic"),
        ("print(churn)", "print"),
        ("pd.read_csv('x.csv')", "file access"),
        ("warnings.filterwarnings('ignore')", "warning filter"),
        ("import sys", "sys.path"),
        ("churn.style.format('{:.1%}')", "Styler"),
        ("Markdown(comment)", "Markdown"),
        ("display.HTML(comment)", "HTML"),
        ("churn.to_html(escape=False)", "to_html"),
        ("from great_tables import GT", "great_tables"),
    ],
)
def test_what_does_not_belong_in_a_cell_is_noticed(source: str, what: str) -> None:
    assert next(_about_source(source)).startswith(what)


def test_nbval_notices_a_number_that_changed(copied: Path) -> None:
    """As if a helper had computed another number than the one that was committed."""
    path = copied / "data_quality.ipynb"
    notebook = notebooks.read(path)
    cell, output = next(
        (cell, output)
        for cell in code_cells(notebook)
        for output in cell.outputs
        if re.search(r">\d[\d,]*<", output.get("data", {}).get("text/html", ""))
    )
    output.data["text/html"] = re.sub(
        r">\d", lambda digit: f">{(int(digit[0][1]) + 1) % 10}", output.data["text/html"], count=1
    )
    nbformat.write(notebook, path)
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--nbval",
            "--nbval-cell-timeout=120",
            "-q",
            "--rootdir",
            str(copied),
            "-c",
            "/dev/null",
            "-p",
            "no:cacheprovider",
            str(path),
        ],
        cwd=copied,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "1 failed" in run.stdout, run.stdout
    assert cell.source.splitlines()[-1] in run.stdout


# -------------------------------------------------------------------------------- the tools themselves


def small() -> NotebookNode:
    return new_notebook(
        cells=[
            new_markdown_cell("# How many?"),
            new_code_cell(
                'data: str = "../data/sample"  # für alle\nmonth: str = "2026-10"  # the month\n'
                'findings_to: str = ""  # a file',
                metadata={"tags": ["parameters"], "papermill": {"duration": 1.2}},
            ),
            new_code_cell("from os import path\nimport json as j, re\n1 + 1"),
        ],
        metadata={"papermill": {}},
    )


def test_imports_are_found_once_each(tmp_path: Path) -> None:
    other = small()
    other.cells.append(new_code_cell("%magic\nimport never"))
    for name, notebook in (("one", small()), ("two", other)):
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    assert notebooks.imports(sorted(tmp_path.iterdir())) == ["os", "os.path", "json", "re"]


def test_a_cell_for_the_hand_runs_neither_in_place_nor_in_a_report(tmp_path: Path) -> None:
    notebook = small()
    notebook.cells.insert(2, new_code_cell("1 / 0", metadata={"tags": [notebooks.BY_HAND]}))
    path = tmp_path / "small.ipynb"
    nbformat.write(notebook, path)
    assert notebooks.execute(path) == ""
    ran = notebooks.read(path)
    assert ran.cells[2].outputs == [] and notebooks.fault(ran) == ""
    papermill.execute_notebook(str(path), str(tmp_path / "out.ipynb"), progress_bar=False, cwd=tmp_path)
    assert notebooks.read(tmp_path / "out.ipynb").cells[2].outputs == []


def test_executing_in_place_is_repeatable_and_locked(tmp_path: Path) -> None:
    path = tmp_path / "small.ipynb"
    nbformat.write(small(), path)
    assert notebooks.unlocked(tmp_path) == ["small.ipynb is not as `make notebooks` wrote it."]
    assert notebooks.execute_all(tmp_path) == {}
    once = path.read_bytes()
    assert notebooks.fault(notebooks.read(path)) == "" and b"papermill" not in once
    assert notebooks.unlocked(tmp_path) == []
    assert notebooks.execute(path) == "" and path.read_bytes() == once

    broken = small()
    broken.cells[-1].source = "import sys; sys.exit(0)"
    nbformat.write(broken, path)
    before = path.read_bytes()
    assert "SystemExit" in notebooks.execute(path)
    assert path.read_bytes() == before


def test_copies_for_exploring_keep_the_owners_cells(tmp_path: Path) -> None:
    data = tmp_path / 'my "data"'
    data.mkdir()
    committed, work = tmp_path / "notebooks", tmp_path / "work"
    committed.mkdir()
    nbformat.write(small(), committed / "small.ipynb")
    folder = notebooks.copy_for_exploring(data, "2026-09", work, committed)
    copied = notebooks.read(folder / "small.ipynb")
    values: dict[str, str] = {}
    exec(copied.cells[1].source, values)
    assert (values["data"], values["month"], values["findings_to"]) == (str(data), "2026-09", "")
    assert "# für alle" in copied.cells[1].source

    folder = notebooks.copy_for_exploring(
        data, "2026-08", tmp_path / "again", committed, first={"findings_to": ["a"]}
    )
    exec(notebooks.read(folder / "small.ipynb").cells[1].source, values)
    assert (values["month"], values["findings_to"]) == ("2026-08", ["a"])
    folder = work / f"{data.name}-2026-09"

    copied.cells.append(new_code_cell("my_question = 42"))
    notebooks.write(copied, folder / "small.ipynb")
    notebooks.copy_for_exploring(data, "2026-09", work, committed)
    assert notebooks.read(folder / "small.ipynb").cells[-1].source == "my_question = 42"


@pytest.mark.parametrize(
    ("kind", "said", "told"),
    [
        ("InputError", "customers.csv is empty.", "customers.csv is empty."),
        ("KeyError", "'mrr'", "a mistake in this software, not in your data: KeyError: 'mrr'"),
        ("AssertionError", "", "a mistake in this software, not in your data: AssertionError"),
        ("OutOfMemoryException", "failed to pin block", "there was too little memory"),
    ],
)
def test_an_error_says_whose_it_is(kind: str, said: str, told: str) -> None:
    """The owner's own in its words, a shortage with its way out, all else as our mistake."""
    assert notebooks.blamed(kind, said).startswith(told)
