"""The owner's choices: what each key takes, and how a slip is answered."""

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest

from retention_helpers import shipped
from retention_helpers.contract.delivering import Deliver, Smtp
from retention_helpers.contract.exchange import Rates
from retention_helpers.contract.experiments import Design, Milestone, Outcome, read_experiments
from retention_helpers.contract.settings import (
    DECLARED,
    Bands,
    Benchmarks,
    Settings,
    read_settings,
)
from retention_helpers.words.errors import InputError


def settings(tmp_path: Path, text: str | bytes) -> Settings:
    (tmp_path / "retention.yml").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_settings(tmp_path)


def complaints(read, tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(InputError) as wrong:
        read(tmp_path, text)
    return str(wrong.value).splitlines()


GOOD = [
    ("business: Acme & Söhne", "business", "Acme & Söhne"),
    ("time_zone: Europe/Berlin", "time_zone", "Europe/Berlin"),
    ("currency: eur", "currency", "EUR"),
    ("exchange_rates: {usd: 0.92, 'TRY': '0.025'}", "exchange_rates",
     {"USD": Rates(otherwise=Decimal("0.92")), "TRY": Rates(otherwise=Decimal("0.025"))}),
    ("exchange_rates: {usd: {2026-09: 0.92, 2026-10: '0.91'}}", "exchange_rates",
     {"USD": Rates({"2026-09": Decimal("0.92"), "2026-10": Decimal("0.91")})}),
    ("exchange_rates: {USD: {2026-09: 0.92, other_months: 0.9}, GBP: {2026-09: 1.2, other_months: earlier}}",
     "exchange_rates",
     {"USD": Rates({"2026-09": Decimal("0.92")}, otherwise=Decimal("0.9")),
      "GBP": Rates({"2026-09": Decimal("1.2")}, takes_earlier=True)}),
    ("history_starts_on: 2024-02-29", "history_starts_on", dt.date(2024, 2, 29)),
    ("switch_gap_days: 0", "switch_gap_days", 0),
    ("lapse_days: 45", "lapse_days", 45),
    ("landmark_days: 7", "landmark_days", 7),
    ("horizon_days: 60", "horizon_days", 60),
    ("min_customers: 10", "min_customers", 10),
    ("high_value_mrr: 99.50", "high_value_mrr", Decimal("99.5")),
    ("targets: {churn: 0.04}", "targets", {"churn": 0.04}),
    ("targets: {mrr: 30000}", "targets", {"churn": 0.05, "mrr": 30000.0}),
    ("benchmarks: {churn: {good: 0.03, serious: 0.08}, by_arpa: [{below: 25, churn: {good: 0.06}}]}",
     "benchmarks",
     Benchmarks(Bands(good_churn=0.03, serious_churn=0.08),
                (Bands(good_churn=0.06, serious_churn=0.08, below=Decimal(25)),))),
    ("attributes: [industry, 5]", "attributes", ("industry", "5")),
    ("personal: [email]", "personal", ("email",)),
    ("show_names: true", "show_names", True),
    ("internal_accounts:\n  - C-1\n  - 17", "internal_accounts", ("C-1", "17")),
    ("activity_events: [login]", "activity_events", ("login",)),
    ("onboarding_event: ready", "onboarding_event", "ready"),
    ("reason_map: {zu teuer: too_expensive}", "reason_map", {"zu teuer": "too_expensive"}),
    ("dunning_days: 21", "dunning_days", 21),
    ("date_order: day first", "date_order", "day first"),
    ("decimal_sign: comma", "decimal_sign", "comma"),
    ("same_person: email", "same_person", "email"),
    ("sources: {stripe: {}}", "sources", {"stripe": {}}),
    ("engine: spark", "engine", "spark"),
    ("memory: 1.5", "memory", 1.5),
    ("step_minutes: 20", "step_minutes", 20.0),
    ("accepted: [test accounts]", "accepted", ("test accounts",)),
    ("calls_a_month: 5", "calls_a_month", 5),
    ("calls_by_lot: 0.2", "calls_by_lot", 0.2),
    ("calls_by_lot: off", "calls_by_lot", "off"),
    ("always_call: [C-1]", "always_call", ("C-1",)),
    ("play_experiments: {usage_reminder: june_mails}", "play_experiments", {"usage_reminder": "june_mails"}),
    ("deliver: {to: me@example.com, smtp: {host: mail.example.com}}", "deliver",
     Deliver(("me@example.com",), "me@example.com", Smtp("mail.example.com", 587, "starttls"))),
    ("warning_thresholds: {no_login_30_days: 14}", "warning_thresholds", {"no_login_30_days": 14.0}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "value"), GOOD, ids=[case[1] for case in GOOD])
def test_a_good_value_of_every_key(tmp_path, text, key, value):
    assert getattr(settings(tmp_path, text), key) == value


def test_every_key_is_tried_here():
    assert {case[1] for case in GOOD} == set(DECLARED) == {case[0] for case in BAD}


RATES = (
    "a rate above 0 with at most 12 decimals for every currency, such as USD: 0.92, or a rate a month, "
    "such as USD: {2026-09: 0.92, 2026-10: 0.91}; other_months beside them may be a rate, or earlier"
)
CALLS = "a whole number of customers, 0 to 10000000"
DAYS = "a whole number of days, 0 to 3660"
SHORT = "a whole number of days, 0 to 366"
BANDS = (
    "bands such as churn: {good: 0.05, serious: 0.1}, retention_12: {good: 0.7, serious: 0.5}, and in "
    "by_arpa a list of them, each with the ARPA that it holds below, such as {below: 25, churn: …}"
)
WANTED = "a map of targets: churn, first_month and net_revenue_retention as fractions, mrr as an amount"
TARGETED = f"{WANTED}, such as churn: 0.04"
SHARE = "a monthly rate between 0 and 1, such as churn: 0.04"
LINES = "a list of `key: value` lines"
BAD = [
    ("engine", "polars", "duckdb or spark"),
    ("deliver", "5", LINES),
    ("business", "5", "a text"),
    ("business", "' '", "a name"),
    ("time_zone", "Europe/Belin", "a time zone such as Europe/Berlin (did you mean Europe/Berlin?)"),
    ("time_zone", "berlin", "a time zone such as Europe/Berlin (did you mean Europe/Berlin?)"),
    ("time_zone", "New York", "a time zone such as Europe/Berlin (did you mean America/New_York?)"),
    ("time_zone", "xyzzy", "a time zone such as Europe/Berlin"),
    ("time_zone", "localtime", "a time zone such as Europe/Berlin"),
    ("time_zone", "[UTC]", "a time zone such as Europe/Berlin"),
    ("time_zone", "2", "a time zone such as Europe/Berlin"),
    ("currency", "[EUR]", "a text"),
    ("exchange_rates", "0.92", RATES),
    ("exchange_rates", "{USD: 0}", RATES),
    ("exchange_rates", "{USD: -1}", RATES),
    ("exchange_rates", "{USD: .nan}", RATES),
    ("exchange_rates", "{USD: true}", RATES),
    ("exchange_rates", "{USD: null}", RATES),
    ("exchange_rates", "{USD: '0.1234567890123'}", RATES),
    ("exchange_rates", "{USD: {2026-13: 0.92}}", RATES),
    ("exchange_rates", "{USD: {2026-10-01: 0.92}}", RATES),
    ("exchange_rates", "{USD: {2026-10: }}", RATES),
    ("exchange_rates", "{USD: {}}", RATES),
    ("exchange_rates", "{USD: {other_months: earlier}}", RATES),
    ("exchange_rates", "{USD: {2026-10: 0.92, other_months: latest}}", RATES),
    ("history_starts_on", "'2024-01-31'", "a day such as 2024-01-31"),
    ("history_starts_on", "2024", "a day such as 2024-01-31"),
    ("lapse_days", "0", "a whole number of days, 1 to 3660"),
    ("switch_gap_days", "-1", SHORT),
    ("switch_gap_days", "1.5", SHORT),
    ("switch_gap_days", "40000", SHORT),
    ("switch_gap_days", "1:30", SHORT),
    ("switch_gap_days", "010", SHORT),
    ("horizon_days", "100000000000000000000", DAYS),
    ("history_starts_on", "1870-01-01", "a day such as 2024-01-31"),
    ("landmark_days", "true", DAYS),
    ("horizon_days", "'90'", DAYS),
    ("min_customers", "[20]", CALLS),
    ("dunning_days", "a month", SHORT),
    ("high_value_mrr", "much", "a number, 0 or more"),
    ("high_value_mrr", ".inf", "a number, 0 or more"),
    ("targets", "{churn: 4}", TARGETED),
    ("targets", "{churn: true}", TARGETED),
    ("targets", "{mrr: -1}", TARGETED),
    ("targets", "{chrun: 0.04}", f"{WANTED} (chrun is none. Did you mean churn?)"),
    ("targets", "0.04", LINES),
    ("benchmarks", "maybe", BANDS),
    ("benchmarks", "true", BANDS),
    ("benchmarks", "{chrun: {good: 0.05}}", BANDS),
    ("benchmarks", "{churn: {good: 5}}", BANDS),
    ("benchmarks", "{by_arpa: [{churn: {good: 0.04}}]}", BANDS),
    ("benchmarks", "{by_arpa: 0}", BANDS),
    ("benchmarks", "{by_arpa: [{below: 0}]}", BANDS),
    ("high_value_mrr", "'1e999999999'", "a number, 0 or more"),
    (
        "warning_thresholds",
        "{no_login_30_days: .inf}",
        "a number above 0 for each warning, such as no_login_30_days: 14",
    ),
    ("benchmarks", "{churn: {good: 0.2}}", "bands in which good is better than serious"),
    ("show_names", "1", "true or false"),
    ("attributes", "industry", "a list of texts"),
    ("personal", "{email: 1}", "a list of texts"),
    ("internal_accounts", "[[C-1]]", "a list of texts"),
    ("activity_events", "[true]", "a list of texts"),
    ("onboarding_event", "[ready]", "a text"),
    ("reason_map", "[a]", LINES),
    ("date_order", "european", "day first, month first, year first or unix"),
    ("decimal_sign", "dot", "point or comma"),
    ("same_person", "name", "email, which makes customers of one e-mail one"),
    ("sources", "stripe", LINES),
    ("calls_a_month", "some", CALLS),
    ("calls_by_lot", "0.7", "off, or a share of the calls up to a half, such as 0.2"),
    ("calls_by_lot", "false", "off, or a share of the calls up to a half, such as 0.2"),
    ("always_call", "C-1", "a list of texts"),
    (
        "warning_thresholds",
        "{no_login_30_days: 0}",
        "a number above 0 for each warning, such as no_login_30_days: 14",
    ),
    (
        "play_experiments",
        "{usage_reminder: 5}",
        "the name of an experiment for each play, such as usage_reminder: june_mails",
    ),
    ("memory", "0", "a number above 0"),
    ("step_minutes", "long", "a number above 0"),
    ("accepted", "[test acounts]", "a list of rules (test acounts is none. Did you mean test accounts?)"),
]


@pytest.mark.parametrize(("key", "value", "form"), BAD)
def test_a_bad_value_of_every_key(tmp_path, key, value, form):
    (fault,) = complaints(settings, tmp_path, f"{key}: {value}")
    assert re.fullmatch(rf"retention\.yml: {key} is .+, and should be {re.escape(form)}\.", fault)


def test_what_is_meant_as_a_text_stays_as_it_is_written(tmp_path):
    """Keys always; values wherever a text is asked for. YAML would read truths, numbers, days and nothing."""
    words = ["no", "yes", "on", "Off", "true", "null", "1.10", "007", "1e5", "2026-01-01", "+49123", "10"]
    written = settings(tmp_path, f"reason_map: {{{', '.join(f'{word}: other' for word in words)}}}")
    assert list(written.reason_map) == words
    accounts = [word for word in words if word not in ("true", "null", "2026-01-01")]
    assert (
        list(settings(tmp_path, f"internal_accounts: [{', '.join(accounts)}]").internal_accounts) == accounts
    )
    with pytest.raises(InputError, match="should be a list of texts"):
        settings(tmp_path, "internal_accounts: [true]")


def test_nothing_is_the_default(tmp_path):
    assert read_settings(tmp_path) == Settings()
    for text in ("", "# only a comment\n", "time_zone:\ncurrency: ~\n", "\ufeff"):
        assert settings(tmp_path, text) == Settings()


def test_all_slips_at_once_with_the_nearest_right_spelling(tmp_path):
    text = "time_zon: UTC\nmin_customers: few\nCurency: EUR\nshow_names: 1\n"
    assert complaints(settings, tmp_path, text) == [
        "retention.yml: time_zon is not a setting. Did you mean time_zone?",
        "retention.yml: min_customers is few, and should be a whole number of customers, 0 to 10000000.",
        "retention.yml: Curency is not a setting. Did you mean currency?",
        "retention.yml: show_names is 1, and should be true or false.",
    ]


CANNOT = "retention.yml cannot be read"
BROKEN = [
    ("a: [1\nb: 2", CANNOT + " (line 2): expected ',' or ']', but got ':'. Correct it."),
    ("a: 1\n\tb: 2", CANNOT + " (line 2): found character '\\t' that cannot start any token. Correct it."),
    ("business: a\nshow_names: no\nbusiness: b\n", CANNOT + " (line 3): business stands twice. Correct it."),
    ("a: 1\nhistory_starts_on: 2026-02-31\n", CANNOT + " (line 2): 2026-02-31 is no value. Correct it."),
    ("a: !!python/object:os.system {}",
     CANNOT + " (line 1): could not determine a constructor for the tag "
     "'tag:yaml.org,2002:python/object:os.system'. Correct it."),
    ("a: 1\nb: >= 100\n", CANNOT + " (line 2): expected chomping or indentation indicators, but found '='. "
     "Write it in quotes: '>= 100'."),
    ("reason_map: {x: @team, y: z}\n", CANNOT + " (line 1): found character '@' that cannot start any token. "
     "Write it in quotes: '@team'."),
    ("just words", "retention.yml should hold lines of the form `key: value`."),
    ("- a\n- b", "retention.yml should hold lines of the form `key: value`."),
    ("business: Söhne".encode("latin-1"), "retention.yml, line 1, is not UTF-8 text. Save it as UTF-8."),
    (b"# ours\nbusiness: S\xf6hne", "retention.yml, line 2, is not UTF-8 text. Save it as UTF-8."),
    ("[" * 5000, "retention.yml is nested too deeply. Correct it."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_yaml_names_the_line(tmp_path, text, message):
    assert complaints(settings, tmp_path, text) == [message]


def test_a_folder_in_the_place_of_the_file(tmp_path):
    (tmp_path / "retention.yml").mkdir()
    with pytest.raises(InputError, match=r"^retention\.yml cannot be opened\."):
        read_settings(tmp_path)


# --- experiments -----------------------------------------------------------------------------------

DOCUMENTED = """
onboarding_call:
  hypothesis: a personal call in week one raises 30-day retention
  started_on: 2026-02-01
  ended_on:                      # empty while running
  randomised: true
  arms: {control: 0.5, treatment: 0.5}     # planned shares, control first
  outcome: {kind: retained, days: 30}
  smallest_effect: 0.05          # what would be worth acting on
  baseline: 0.85                 # expected in control; default: the business's own past
  size:                          # customers an arm; default: from the two above at 80 % power
  looks: monthly                 # planned looks, until the size is reached
  eligible: {plan: pro}          # optional filter on attributes or plan
  milestone: {event: project_created, count: 10}   # only for randomised: false
  guardrails: {paying: -0.02}    # optional outcomes with the worst acceptable difference
  decision:                      # filled in by the owner when it is over
"""


def experiments(tmp_path: Path, text: str | bytes) -> dict:
    (tmp_path / "experiments.yml").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_experiments(tmp_path)


def test_the_documented_experiment_is_accepted(tmp_path):
    assert experiments(tmp_path, DOCUMENTED)["onboarding_call"] == Design(
        name="onboarding_call",
        hypothesis="a personal call in week one raises 30-day retention",
        started_on=dt.date(2026, 2, 1),
        randomised=True,
        arms={"control": 0.5, "treatment": 0.5},
        outcome=Outcome("retained", 30),
        smallest_effect=0.05,
        baseline=0.85,
        eligible={"plan": ("pro",)},
        milestone=Milestone("project_created", 10),
        guardrails={"paying": -0.02},
    )


def test_words_of_the_owner_stay_words(tmp_path):
    """NO is a country, `on` an arm, `no` a decision; only true and false are switches."""
    text = DOCUMENTED.replace("{plan: pro}", "{country: [NO, SE], vip: true, seats: 5, since: 2024-01-31}")
    text = text.replace("{control: 0.5, treatment: 0.5}", "{off: 0.5, on: 0.5}")
    design = experiments(tmp_path, text.replace("decision:  ", "decision: no  "))["onboarding_call"]
    assert design.eligible == {
        "country": ("NO", "SE"), "vip": ("true",), "seats": ("5",), "since": ("2024-01-31",)
    }  # fmt: skip
    assert (design.control, design.treated, design.decision) == ("off", ("on",), "no")
    (fault,) = complaints(settings, tmp_path, "show_names: yes")
    assert fault == "retention.yml: show_names is yes, and should be true or false."
    assert settings(tmp_path, "reason_map: {no: other, yes: too_expensive}").reason_map == {
        "no": "other", "yes": "too_expensive"
    }  # fmt: skip


def test_what_comes_later_is_not_known_yet(tmp_path):
    """An end on the last day of a month is known in its report, with the decision; a day before, neither."""
    text = DOCUMENTED.replace("ended_on:  ", "ended_on: 2026-05-31 ")
    text = text.replace("decision:  ", "decision: keep ")
    design = experiments(tmp_path, text)["onboarding_call"]
    assert design.known_by(dt.date(2026, 6, 1)) == design
    before = design.known_by(dt.date(2026, 5, 31))
    assert (before.ended_on, before.decision) == (None, "")


def test_no_file_is_no_experiment(tmp_path):
    assert read_experiments(tmp_path) == {}
    assert experiments(tmp_path, "") == {}


SHARES = "the planned shares of its arms should be at least two and add up to 1."
DAY = "and should be a day such as 2026-02-01, from 1990 to 2100."
EFFECT = "and should lie between 0.001 and 1."
EFFECT_OR_AMOUNT = "and should lie between 0.001 and 1, or be an amount of revenue."
SIZE = "and should be a whole number of customers an arm, at most 10,000,000."
DAYS = "outcome needs its `days`, a whole number, at most 3,650."
MILESTONE = "milestone needs an `event` and its `count`, at most 1,000,000."
SLIPS = [
    ("ended_on: ", "ended_on: 2026-01-31 ", "ended_on lies before started_on. Correct the dates."),
    ("hypothesis: a", "hypotesis: a", "hypotesis is not known here. Did you mean hypothesis?"),
    ("hypothesis: a personal", "hypothesis: #", "hypothesis is missing."),
    ("2026-02-01", "soon", f"started_on is soon, {DAY}"),
    ("2026-02-01", "2026-02-01 10:00:00", f"started_on is 2026-02-01 10:00:00, {DAY}"),
    ("randomised: true", "randomised: 1", "randomised is 1, and should be true or false."),
    ("{control: 0.5, treatment: 0.5}", "[a, b]",
     "arms is [a, b], and should be a planned share for each arm, such as {control: 0.5, call: 0.5}."),
    ("{control: 0.5, treatment: 0.5}", "{a: 0.5, b: 0.6}", SHARES),
    ("{control: 0.5, treatment: 0.5}", "{a: 1}", SHARES),
    ("{control: 0.5, treatment: 0.5}", "{a: 1.5, b: -0.5}", SHARES),
    ("{control: 0.5, treatment: 0.5}", "{a: 0.999999999, b: 0.000000001}",
     "the planned share of each arm should be at least 0.001."),
    ("2026-02-01", "1889-02-01", f"started_on is 1889-02-01, {DAY}"),
    ("ended_on: ", "ended_on: 9999-12-31 ", f"ended_on is 9999-12-31, {DAY}"),
    ("days: 30", "days: 1000000000", DAYS),
    ("smallest_effect: 0.05", "smallest_effect: 0.999999",
     "smallest_effect is 0.999999, and a baseline of 0.85 has no room for so much."),
    ("smallest_effect: 0.05", "smallest_effect: 0.0000001",
     f"smallest_effect is 0.0000001, {EFFECT_OR_AMOUNT}"),
    ("smallest_effect: 0.05", "smallest_effect: .nan", f"smallest_effect is .nan, {EFFECT_OR_AMOUNT}"),
    ("size: ", "size: 10000001 ", f"size is 10000001, {SIZE}"),
    ("size: ", "size: 12.5 ", f"size is 12.5, {SIZE}"),
    ("looks: monthly", "looks: weekly", "looks is weekly. Known: monthly."),
    ("count: 10", "count: 100000000000000000000", MILESTONE),
    ("paying: -0.02", "paying: -.inf",
     "guardrails need the worst acceptable difference, such as paying: -0.02."),
    ("{plan: pro}", "{plan: }",
     "eligible: plan needs a value, or a list of values, such as plan: [team, studio]."),
    ("kind: retained", "kind: retaned", "outcome is of no known kind. Did you mean retained?"),
    ("days: 30", "day: 30, days: 3", "outcome: day is not known here. Did you mean days?"),
    ("days: 30", "days: long", DAYS),
    ("kind: retained, days: 30", "kind: paying", DAYS),
    ("kind: retained", "kind: event", "outcome needs the `name` of its event."),
    ("smallest_effect: 0.05", "smallest_effect: 5", f"smallest_effect is 5, {EFFECT}"),
    ("smallest_effect: 0.05", "smallest_effect: yes", f"smallest_effect is yes, {EFFECT_OR_AMOUNT}"),
    ("baseline: 0.85", "baseline: 85", "baseline is 85, and should lie between 0 and 1."),
    ("size: ", "size: 0 ", f"size is 0, {SIZE}"),
    ("count: 10", "cuont: 10, count: 1", "milestone: cuont is not known here. Did you mean count?"),
    ("count: 10", "count: many", MILESTONE),
    ("paying: -0.02", "payin: -0.02", "guardrails: payin is not known here. Did you mean paying?"),
    ("paying: -0.02", "paying: none",
     "guardrails need the worst acceptable difference, such as paying: -0.02."),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "fault"), SLIPS, ids=[case[1][:20] for case in SLIPS])
def test_a_slip_in_an_experiment(tmp_path, right, wrong, fault):
    assert DOCUMENTED.count(right) == 1
    faults = complaints(experiments, tmp_path, DOCUMENTED.replace(right, wrong))
    assert f"experiments.yml: onboarding_call: {fault}" in faults
    assert len(faults) == (2 if "hypotesis" in wrong else 1)


def test_an_effect_without_a_baseline_has_room_in_any_case(tmp_path):
    """Half of all: a baseline below leaves room above it, one above leaves room below."""
    text = DOCUMENTED.replace("baseline: 0.85 ", "baseline:  ")
    assert experiments(tmp_path, text.replace("smallest_effect: 0.05", "smallest_effect: 0.5"))
    (fault,) = complaints(
        experiments, tmp_path, text.replace("smallest_effect: 0.05", "smallest_effect: 0.6")
    )
    assert fault.endswith("smallest_effect is 0.6. Without a baseline it should be at most 0.5.")


def test_all_slips_of_all_experiments_at_once(tmp_path):
    faults = complaints(experiments, tmp_path, "a: 5\nb: {hypothesis: c}\n")
    assert faults[0] == "experiments.yml: a should hold lines of the form `key: value`."
    assert faults[1:] == [
        f"experiments.yml: b: {key} is missing." for key in ("started_on", "randomised", "arms", "outcome")
    ]


@pytest.mark.parametrize(("arpa", "good"), [(24.99, 0.06), (25, 0.04), (60, 0.04), (float("nan"), 0.04)])
def test_the_bands_of_a_business_are_those_of_its_arpa(arpa: float, good: float) -> None:
    """The lowest class that the ARPA lies below; else the usual ones."""
    classes = (Bands(good_churn=0.06, below=Decimal(25)),)
    assert Benchmarks(Bands(good_churn=0.04), classes).at(arpa).good_churn == good


def test_every_setting_has_its_line_in_the_papers() -> None:
    """With the value that holds where the file is silent, in the table of docs/settings.md."""
    page = (shipped.HOME / "docs" / "settings.md").read_text(encoding="utf-8")
    told = {row.split("`")[1]: row for row in page.splitlines() if row.startswith("| `")}
    assert list(told) == list(DECLARED)
    for name, one in DECLARED.items():
        assert one.metadata["words"] in told[name]
        default = getattr(Settings(), name)
        if isinstance(default, int) and not isinstance(default, bool):
            assert f"| {default} |" in told[name]
