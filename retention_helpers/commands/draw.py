"""`draw`: draws a standing campaign by lot, and writes down who was mailed and who was held out."""

import argparse
import csv
import datetime as dt
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retention_helpers import shipped
from retention_helpers.commands.arguments import Commands, data_and_month
from retention_helpers.words.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from retention_helpers.business import Business
    from retention_helpers.win_back_and_loyalty import Sent

NAME = "draw"
CAMPAIGNS = ("silent", "win_back")
TABLE, COLUMNS = "enrolments", ("campaign", "customer_id", "group", "enrolled_at")


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME,
        parents=data_and_month(),
        help="draw a win-back campaign by lot and write it into enrolments.csv",
        allow_abbrev=False,
    )
    parser.add_argument(
        "campaign", metavar="CAMPAIGN", choices=CAMPAIGNS, help=f"one of: {', '.join(CAMPAIGNS)}"
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.business import open_business

    if options.data.resolve() == shipped.SAMPLE.resolve():
        raise InputError("The sample is only to look at. Name your own folder: --data DIR.")
    business = open_business(options.data, options.month)
    try:
        sent = _sent(business)
        rows = sent.drawn[sent.drawn["campaign"] == options.campaign]
        rows = rows[~rows["customer_id"].isin(_written(options.data, options.campaign))]
        file = _append(options.data, rows, dt.datetime.now(business.settings.zone))
        print(said(sent, options.campaign, rows, file))
    finally:
        business.close()
    return 0


def _sent(business: "Business") -> "Sent":
    from retention_helpers import early_warning, experiments, plan, win_back_and_loyalty

    people = early_warning.at_risk(business, early_warning.risk_of_leaving(business))
    drawn = experiments.draws(business, experiments.read(business, experiments.plans(business, {})))
    return win_back_and_loyalty.month_campaigns(business, drawn, plan.urgent(business, people))


def said(sent: "Sent", campaign: str, rows: "pd.DataFrame", file: Path) -> str:
    """What was drawn, in words."""
    from retention_helpers.win_back_and_loyalty import standing_sentence
    from retention_helpers.words.formats import count, plural

    plan = sent.plans[sent.plans["campaign"] == campaign]
    if rows.empty:
        return f"Nobody new to draw; {file.name} is as it was. {standing_sentence(plan)}"
    mailed = int((rows["group"] == "mailed").sum())
    return (
        f"{plural(len(rows), 'customer')} drawn: {count(mailed)} to be mailed, {count(len(rows) - mailed)} "
        f"held out. Written into {file.name}. {standing_sentence(plan)} The mails stand in the month's "
        "report, in actions/win_back.csv."
    )


def _written(folder: Path, campaign: str) -> set[str]:
    """Who stands in the file as drawn already, also behind the cut of the month; who is drawn stays drawn."""
    from retention_helpers.sources.folder import csv_header, records

    path = folder / f"{TABLE}.csv"
    if not path.exists():
        return set()
    _refuse_other_letters(path, path.read_bytes())
    header, delimiter = csv_header(path)
    rows = (dict(zip(header, cells, strict=False)) for _, cells in records(path, delimiter))
    return {row["customer_id"].strip() for row in rows if _is_of(row, campaign)}


def _is_of(row: Mapping[str, str], campaign: str) -> bool:
    return "customer_id" in row and row.get("campaign", "").strip() == campaign


def _append(folder: Path, rows: "pd.DataFrame", now: dt.datetime) -> Path:
    """Write the draw behind what stands in enrolments.csv; the file is replaced whole or not at all."""
    from retention_helpers.sources.folder import csv_header, find_sources

    path = folder / f"{TABLE}.csv"
    found = find_sources(folder)[0].get(TABLE)
    others = [file for file in (found.files if found else ()) if file != path]
    if others:
        raise InputError(
            f"{others[0].name} cannot be written to. Save it as {path.name}, with its columns as they are."
        )
    if rows.empty:
        return path
    header, delimiter = (list(COLUMNS), ",") if not path.exists() else csv_header(path)
    if missing := [name for name in COLUMNS if name not in header]:
        raise InputError(
            f"{path.name}: the column {missing[0]} is missing, so nobody was drawn. Its columns are "
            f"{', '.join(COLUMNS)}."
        )
    before = path.read_bytes() if path.exists() else f"{','.join(COLUMNS)}\n".encode()
    end = b"" if before.endswith(b"\n") else b"\n"
    beside = path.with_suffix(".part")
    beside.write_bytes(before + end + _lines(header, delimiter, rows, now))
    os.replace(beside, path)
    return path


def _refuse_other_letters(path: Path, before: bytes) -> None:
    try:
        before.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not UTF-8 text. Save it as CSV in UTF-8.") from None


def _lines(header: Sequence[str], delimiter: str, rows: "pd.DataFrame", now: dt.datetime) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    at = now.replace(tzinfo=None).isoformat(timespec="seconds")
    for row in rows[["campaign", "customer_id", "group"]].to_dict(orient="records"):
        cells = {**row, "enrolled_at": at}
        writer.writerow([cells.get(name, "") for name in header])
    return text.getvalue().encode()
