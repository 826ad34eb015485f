"""The house stands: data and imports go one way, and each kind of work is done in one place.

The tests read the code as text. Each of their rules is also held against a line that breaks it, so that a
rule which sees nothing is noticed.
"""

import ast
import re
from collections import Counter
from functools import cache
from string import Formatter

import pytest

from retention_helpers import shipped

QUESTIONS = (
    "data_quality",
    "measurement",
    "churn_reasons",
    "churned_vs_retained",
    "experiments",
    "early_warning",
    "win_back_and_loyalty",
    "repeat_purchase",
)
ROOMS = (
    "shipped",
    "words",
    "statistics",
    "engine",
    "contract",
    "sources",
    "gate",
    "business",
    "shown",
    "report",
    *QUESTIONS,
    "ask",
    "plan",
    "monthly_review",
    "today",
    "delivery",
    "schedule",
    "commands",
    "__main__",
)
NUMBERS = re.compile(r"[,.]\d*[fgde%]?$|[fge%]$")  # what follows the colon in f"{share:.1f}"
PERCENT = re.compile(r"%[-+ #0]*\d*(\.\d+)?[fFgGeE]")  # "%.1f" % share
ANALYTICAL = {"duckdb", "ibis"}

Place = tuple[str, ...]  # ("measurement", "said", "month.py")


@cache
def modules() -> list[tuple[Place, str]]:
    """Every module of the package, by its place in it, with its text."""
    paths = sorted(shipped.PACKAGE.rglob("*.py"))
    places = [(path, path.relative_to(shipped.PACKAGE).parts) for path in paths]
    return [(place, path.read_text(encoding="utf-8")) for path, place in places if place != ("__init__.py",)]


def room_of(place: Place) -> str:
    return place[0].removesuffix(".py")


def imported(source: str) -> set[str]:
    """The rooms that a module imports from, also inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            first, *inner = node.module.split(".")
            if first == "retention_helpers":
                found |= {inner[0]} if inner else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            parts = [alias.name.split(".") for alias in node.names]
            found |= {inner[0] for first, *inner in parts if first == "retention_helpers" and inner}
    return found & set(ROOMS)


def upward(place: Place, source: str) -> set[str]:
    """Rooms that stand at the same height or after the module's own."""
    own = room_of(place)
    return {room for room in imported(source) - {own} if ROOMS.index(room) > ROOMS.index(own)}


def other_questions(place: Place, source: str) -> set[str]:
    """Rooms of other questions that a question's room looks into."""
    return imported(source) & set(QUESTIONS) - {room_of(place)} if room_of(place) in QUESTIONS else set()


def sources_after_the_gate(place: Place, source: str) -> bool:
    """Whether a room after the gate reads what only the gate and the commands may read."""
    own = room_of(place)
    is_after = ROOMS.index(own) > ROOMS.index("gate") and own not in ("commands", "__main__")
    return is_after and "sources" in imported(source)


def connections(place: Place, source: str) -> list[int]:
    """The lines on which an analytical engine is opened, outside the one place for that.

    A source may open the owner's own database.
    """
    if room_of(place) == "engine" or place[:2] == ("sources", "database"):
        return []
    nodes = list(ast.walk(ast.parse(source)))
    given = [one for one in nodes if isinstance(one, ast.ImportFrom) and one.module in ANALYTICAL]
    modules = [one for one in nodes if isinstance(one, ast.Import)]
    engines = {alias.asname or alias.name for one in given for alias in one.names} | {
        alias.asname or alias.name.split(".")[0]
        for one in modules
        for alias in one.names
        if alias.name.split(".")[0] in ANALYTICAL
    }
    calls = (node.func for node in nodes if isinstance(node, ast.Call))
    opened = [
        call.lineno
        for call in calls
        if isinstance(call, ast.Attribute)
        and call.attr == "connect"
        and ast.unparse(call.value).split(".")[0] in engines | ANALYTICAL
    ]
    return opened + [one.lineno for one in given if "connect" in {alias.name for alias in one.names}]


def formatted(place: Place, source: str) -> list[str]:
    """The numbers that are written by a format of their own, outside `words`, `shown` and `said`."""
    is_writer = room_of(place) in ("words", "shown") or any(part.startswith("said") for part in place)
    if is_writer:
        return []
    nodes = list(ast.walk(ast.parse(source)))
    specs = [node.format_spec for node in nodes if isinstance(node, ast.FormattedValue) and node.format_spec]
    parts = [(spec, "".join(map(ast.unparse, spec.values)).strip("'")) for spec in specs]  # type: ignore[attr-defined]
    within = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    whole = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in within]
    texts = [node for node in whole if isinstance(node.value, str)]
    parts += [(text, form) for text in texts for form in _forms(text.value)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "format"]
    parts += [(call, str(getattr(call.args[1], "value", ""))) for call in calls if len(call.args) > 1]
    given = [node.left for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod)]
    by_percent = [
        left for left in given if isinstance(left, ast.Constant) and PERCENT.search(str(left.value))
    ]
    return [ast.unparse(node) for node, form in parts if NUMBERS.search(form)] + list(
        map(ast.unparse, by_percent)
    )


def _forms(text: str) -> list[str]:
    """How a text that is made for `format` writes its fields."""
    try:
        forms = [form for _, _, form, _ in Formatter().parse(text) if form]
    except ValueError:  # no such text
        return []
    return [form for form in forms if " " not in form]  # else it is YAML


def test_every_module_stands_in_a_room() -> None:
    assert {room_of(place) for place, _ in modules()} == set(ROOMS)


def test_few_modules_stand_beside_the_rooms() -> None:
    assert len(list(shipped.PACKAGE.glob("*.py"))) <= 6


def test_a_room_imports_only_what_stands_before_it() -> None:
    assert {place: found for place, source in modules() if (found := upward(place, source))} == {}


def test_no_question_looks_into_another() -> None:
    assert {place: found for place, source in modules() if (found := other_questions(place, source))} == {}


def test_nobody_after_the_gate_reads_sources() -> None:
    assert [place for place, source in modules() if sources_after_the_gate(place, source)] == []


def test_only_the_engine_opens_an_engine() -> None:
    assert {place: found for place, source in modules() if (found := connections(place, source))} == {}


def test_numbers_are_written_in_one_place() -> None:
    assert {place: found for place, source in modules() if (found := formatted(place, source))} == {}


def relative_imports(_: Place, source: str) -> list[int]:
    """The lines that import by dots, which say no room."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom))
    return [node.lineno for node in nodes if node.level]


def test_imports_name_their_room() -> None:
    assert {place: found for place, source in modules() if (found := relative_imports(place, source))} == {}


def long_functions(_: Place, source: str) -> list[str]:
    """The functions whose body, without the docstring, is over 60 lines."""
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    bodies = ((one.name, one.body[ast.get_docstring(one) is not None :]) for one in functions)
    return [name for name, body in bodies if body and body[-1].end_lineno - body[0].lineno >= 60]  # type: ignore[operator]


def test_functions_are_short() -> None:
    assert {place: found for place, source in modules() if (found := long_functions(place, source))} == {}


def test_no_circle_within_a_room() -> None:
    """Modules import each other one way, the doors of the rooms apart: they only offer."""
    graph = {".".join(place).removesuffix(".py"): _beside(place, source) for place, source in modules()}
    while leaves := [name for name, needed in graph.items() if not needed & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert sorted(graph) == []


def _beside(place: Place, source: str) -> set[str]:
    """The modules of the package that a module imports when it is imported itself."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("retention_helpers."):
            module = node.module.removeprefix("retention_helpers.")  # type: ignore[union-attr]
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    own = ".".join(place).removesuffix(".py")
    return set() if place[-1] == "__init__.py" else found - {own}


APART = {
    "asof_join",
    "bit_or",
    "bit_and",
    "bit_xor",
    "approx_nunique",
    "approx_median",
    "approx_quantile",
    "unnest",
}


def said_differently(place: Place, source: str) -> list[int]:
    """The lines of an analysis with what engines say differently, or not at all: `engine` says it instead.

    Calls of SQL, functions of one engine, shifts of literals (of 32 bits there), lengths of time in any unit
    but days, different values counted over a window.
    """
    if ROOMS.index(room_of(place)) <= ROOMS.index("gate"):
        return []
    nodes = list(ast.walk(ast.parse(source)))
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    named = [call for call in calls if call.func.attr in {*APART, "raw_sql"}]  # type: ignore[attr-defined]
    lengths = [
        call
        for call in calls
        if call.func.attr == "delta"  # type: ignore[attr-defined]
        and any(ast.unparse(one.value) != "'day'" for one in call.keywords if one.arg in ("unit", "part"))
    ]
    over = [call for call in calls if ast.unparse(call.func).endswith(".nunique().over")]
    own = [node for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node) == "ibis.udf"]
    own += [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "con"]
    shifts = [
        node
        for node in nodes
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.LShift)
        and ast.unparse(node.left).startswith("ibis.")
    ]
    return sorted(one.lineno for one in (*named, *lengths, *over, *own, *shifts))


def test_an_analysis_says_what_every_engine_understands() -> None:
    assert {place: found for place, source in modules() if (found := said_differently(place, source))} == {}


def typed(place: Place, source: str) -> list[int]:
    """The lines that say themselves how few customers are too few, where the owner's setting says it."""
    if room_of(place) == "contract":
        return []
    nodes = list(ast.walk(ast.parse(source)))
    given = [one.value for one in nodes if isinstance(one, ast.keyword) and one.arg == "min_customers"]
    kept = [
        default
        for one in nodes
        if isinstance(one, ast.arguments)
        for argument, default in zip(one.kwonlyargs, one.kw_defaults, strict=True)
        if argument.arg == "min_customers" and default
    ]
    return [one.lineno for one in (*given, *kept) if isinstance(one, ast.Constant)]


def test_how_few_are_too_few_is_said_by_the_owner() -> None:
    assert {place: found for place, source in modules() if (found := typed(place, source))} == {}
    books = sorted(shipped.NOTEBOOKS.glob("*.ipynb"))
    assert books
    assert [book.name for book in books if re.search(r"min_customers=\d", book.read_text("utf-8"))] == []


def offered(source: str) -> list[str]:
    """The names in a module's `__all__`."""
    lists = [
        node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return [name for one in lists for name in ast.literal_eval(one)]


def kept_back(place: Place, source: str) -> set[str]:
    """The measures of a `said` that the room's door would not show."""
    if not any(part.startswith("said") for part in place):
        return set()
    assigned = (node for node in ast.parse(source).body if isinstance(node, ast.Assign))
    calls = ((one.targets[0], one.value) for one in assigned if isinstance(one.value, ast.Call))
    return {ast.unparse(name) for name, call in calls if ast.unparse(call.func) == "Measure"} - {
        *offered(source)
    }


def test_a_door_shows_every_measure() -> None:
    assert {place: found for place, source in modules() if (found := kept_back(place, source))} == {}


@pytest.mark.parametrize("room", [*QUESTIONS, "monthly_review"])
def test_a_name_at_a_door_means_one_thing(room: str) -> None:
    """No two modules of `said` offer the same name, nor that of a module of the room."""
    inner = [(place, source) for place, source in modules() if room_of(place) == room]
    beside = [place[1].removesuffix(".py") for place, _ in inner if len(place) == 2]
    said = [name for place, source in inner if place[1].startswith("said") for name in offered(source)]
    assert said
    assert [name for name, times in Counter([*said, *beside]).items() if times > 1] == []


@pytest.mark.parametrize(
    ("place", "line", "rule"),
    [
        ("words/days.py", "from retention_helpers.contract.tables import TABLES", upward),
        ("statistics/exact.py", "from retention_helpers import business", upward),
        ("business/months.py", "def f():\n    from retention_helpers.shown import tables", upward),
        ("shown/tables.py", "import retention_helpers.measurement.cohorts", upward),
        ("measurement/cohorts.py", "from retention_helpers import churn_reasons", other_questions),
        ("early_warning/risk.py", "from retention_helpers.experiments.plan import Plan", other_questions),
        ("business/opened.py", "from retention_helpers.sources.folder import Source", sources_after_the_gate),
        ("measurement/revenue.py", "engine = ibis.duckdb.connect()", connections),
        ("gate/gate.py", "duckdb.connect(':memory:')", connections),
        ("gate/gate.py", "from duckdb import connect", connections),
        ("gate/gate.py", "import duckdb as d\nd.connect()", connections),
        ("gate/gate.py", "from ibis import duckdb as d\nd.connect()", connections),
        ("gate/gate.py", "from ..business import months", relative_imports),
        ("measurement/activity.py", "@ibis.udf.agg.builtin\ndef f(): ...", said_differently),
        ("measurement/activity.py", "own.active.bit_or()", said_differently),
        ("business/months.py", "end.delta(begin, unit='month')", said_differently),
        ("win_back_and_loyalty/campaigns.py", "drawn.group.nunique().over(own)", said_differently),
        ("early_warning/seen.py", "ibis.literal(1, 'int64') << rows.age", said_differently),
        ("business/opened.py", "self.engine.con.execute('SELECT 1')", said_differently),
        ("measurement/revenue.py", "f'{share:.1f} %'", formatted),
        ("gate/gate.py", "f'{rows:,} rows'", formatted),
        ("gate/gate.py", "'%.1f of all' % share", formatted),
        ("gate/gate.py", "'{:.1f} and {rows:,}'.format(share, rows=rows)", formatted),
        ("gate/gate.py", "SAID = '{share:.1%}'\nSAID.format(share=share)", formatted),
        ("gate/gate.py", "format(share, '.1f')", formatted),
        ("monthly_review/earlier.py", "f'{100 * rate:.1%}'", formatted),
        ("measurement/cohorts.py", "standing_out(cells, min_customers=20)", typed),
        ("measurement/cohorts.py", "def f(*, min_customers: int = 20): ...", typed),
        ("data_quality/said.py", "__all__ = ['read']\nread = Measure(f)\nlate = Measure(f)", kept_back),
        ("plan/kinds.py", "f'{100 * rate:.1%}'", formatted),
        ("gate/gate.py", "def f():\n" + 61 * "    x = 1\n", long_functions),
    ],
)
def test_a_rule_sees_what_breaks_it(place: str, line: str, rule) -> None:  # type: ignore[no-untyped-def]
    """One line more in that module, and the house does not stand."""
    assert rule(tuple(place.split("/")), line)
