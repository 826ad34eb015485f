"""What bears on a price and was not taken into account: tax by its heading, and columns that nobody read.

Whoever reads a list of subscriptions under other names than ours says it, the gate and the sheets alike.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.sources import headings
from retention_helpers.sources.described import PRICES_BESIDE
from retention_helpers.words import spellings
from retention_helpers.words.formats import percent

RULES = ("tax in the price", "column not read")
PRICE_OPTIONS = {spellings.interval(lasts): option for option, lasts in PRICES_BESIDE.items()}
EXAMPLE_RATE = 20  # per cent of tax
_KINDS = (
    ("discount", headings.is_discount, "MRR stands before it, unless “{mrr}” is what is left"),
    ("tax_inside", headings.is_tax, "it is in the MRR, unless it comes on top of “{mrr}”"),
    ("trial_until", headings.is_end_of_trial, "a trial counts as service, unless “{started_at}” follows it"),
)


def said_of(
    columns: Mapping[str, str], unread: Sequence[str], answered: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Warnings about a list of subscriptions, each a rule, what is so, and the way out.

    `columns` are the file's names for ours, `unread` the filled columns that were not read, `answered` the
    options that its entry in `sources:` holds. Under our own name an amount is what the contract says.
    """
    price = columns.get("mrr", "")
    if not price:
        return
    if headings.with_tax(price) and "tax_inside" not in answered:
        share = percent(EXAMPLE_RATE / (100 + EXAMPLE_RATE))
        what = f"“{price}” says that tax is inside, and MRR stands with it: {share} of it at {EXAMPLE_RATE} %"
        way_out = f"Say the rate, such as `tax_inside: {EXAMPLE_RATE}`, the column of the tax, or `none`."
        yield RULES[0], what, f"{way_out} {_WHERE}"
    named = {"started_at": "started_at", **columns}
    for name in unread:
        for option, is_one, effect in _KINDS:
            if is_one(name) and option not in answered:
                what = f"“{name}” was not read: {effect.format(**named)}"
                yield RULES[1], what, f"Say `{option}: {name}`, or `{option}: none`. {_WHERE}"
    for name in headings.other_prices(unread, price):
        lasts = headings.interval_of(name)
        option = PRICE_OPTIONS.get(lasts, "") if lasts else ""
        if option in answered:
            continue
        what = f"“{name}” is a price too and was not read: who pays it stands at “{price}”"
        said = f"Say `{option}: {name}`, or `{option}: none`. {_WHERE}"
        yield RULES[1], what, said if option else "Bring one column with what each pays."


_WHERE = f"It stands under `sources:` in {SETTINGS_FILE}."
