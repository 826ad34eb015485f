"""What an owner writes in YAML: no word is taken for something else, and shown as it was written."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from retention_helpers.words.errors import InputError

# Only true and false are switches: NO is a country, on an arm, and yes the answer of a form. Only decimal
# digits are numbers: YAML takes 1:30 for 90, 010 for 8, +49 for 49 and 1e3 for a text. A key is a text.
_FORMS = {
    "tag:yaml.org,2002:bool": (re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"),
    "tag:yaml.org,2002:int": (re.compile("^-?(?:0|[1-9][0-9]*)$"), "-0123456789"),
    "tag:yaml.org,2002:float": (
        re.compile(r"^(?:-?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?"
                   r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"),
        "-+0123456789.",
    ),
}  # fmt: skip


_OF_YAML = re.compile(r":\s+([>|@`%*&][^#,}\]]*)")  # a value that begins with a sign of YAML's own
LARGEST = 2_000_000  # bytes of a file that a person wrote


class Unfit(Exception):
    """What is wrong inside a value that is not repeated, since it may hold a secret."""


class Written(float):
    """A number with decimals that remembers how it was written: where a text is meant, 1.10 is no 1.1."""

    def __new__(cls, text: str) -> "Written":
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __str__(self) -> str:
        return self.text

    __repr__ = float.__repr__


class _Loader(yaml.SafeLoader):
    """YAML, but a key is the text that stands there; one that stands twice is a fault, as is no real day."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, ArithmeticError):
            problem = f"{getattr(node, 'value', 'a value')} is no value"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"{key.value} stands twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(str(key.value))
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        number = super().construct_yaml_float(node)
        return Written(node.value) if node.value[-1:].isdigit() else number


class _Dumper(yaml.SafeDumper):
    """Writes a value as the loader reads it."""


_FLOAT = "tag:yaml.org,2002:float"
_Loader.add_constructor(_FLOAT, _Loader.construct_yaml_float)
_Dumper.add_representer(Written, lambda dumper, number: dumper.represent_scalar(_FLOAT, number.text))
for _kind in (_Loader, _Dumper):
    _kind.yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in known if tag not in _FORMS]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for _tag, (_form, _first) in _FORMS.items():
        _kind.add_implicit_resolver(_tag, _form, list(_first))


def document(path: Path) -> dict[Any, Any]:
    """The keys and values of a YAML file. Raises InputError where it has another form."""
    if path.exists() and not path.is_file():  # a pipe would never end
        raise InputError(f"{path.name} cannot be opened. Put the file itself here, readable.")
    if path.exists() and path.stat().st_size > LARGEST:
        raise InputError(f"{path.name} is larger than any file that a person writes. Correct it.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{path.name}, line {line}, is not UTF-8 text. Save it as UTF-8.") from None
    except OSError:
        raise InputError(f"{path.name} cannot be opened. Put the file itself here, readable.") from None
    return _keys_and_values(path.name, text)


def of_lines(name: str, lines: Iterable[str]) -> dict[Any, Any]:
    """The keys and values of lines as such a file has them. Raises InputError where they have another
    form.
    """
    return _keys_and_values(name, "\n".join(lines))


def _keys_and_values(name: str, text: str) -> dict[Any, Any]:
    try:
        document = yaml.load(text, Loader=_Loader)
    except RecursionError:
        raise InputError(f"{name} is nested too deeply. Correct it.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        way_out = _in_quotes(text.splitlines()[mark.line : mark.line + 1]) if mark else ""
        raise InputError(f"{name} cannot be read{line}: {problem}. {way_out or 'Correct it.'}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InputError(f"{name} should hold lines of the form `key: value`.")
    return document


def _in_quotes(lines: Sequence[str]) -> str:
    """The way out where a value begins with a sign that YAML takes for its own; "" where none does.

    >>> _in_quotes(["  mrr: >= 100  # from the start"])
    "Write it in quotes: '>= 100'."
    """
    found = [one[1].strip() for line in lines if (one := _OF_YAML.search(line))]
    return f"Write it in quotes: '{found[0]}'." if found else ""


def as_written(value: Any) -> str:
    """A value as it would stand in the file, on one line.

    >>> as_written({"a": True, "b": "no", "c": "true"})
    "{a: true, b: no, c: 'true'}"
    """
    written = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=10**6)
    return " ".join(written.removesuffix("...\n").split())[:60]


def lines(value: dict[str, Any]) -> str:
    """Keys and values as they would stand in the file, each on a line of its own.

    >>> print(lines({"zu teuer": "too_expensive", "true": "other"}))
    zu teuer: too_expensive
    'true': other
    """
    written: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**6)
    return written.rstrip("\n")


def fits(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Whether a value is of this kind; true is no number, and an instant no day."""
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, kind) and not isinstance(value, dt.datetime)


def is_number(value: Any) -> bool:
    return fits(value, (int, float))


def is_share(value: Any) -> bool:
    return is_number(value) and 0 < value < 1
