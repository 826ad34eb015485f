"""What ledgers call a charge that succeeded, failed or went back, and what is no charge at all."""

import re
from collections.abc import Mapping
from functools import lru_cache

from retention_helpers.words import spellings

PAID, FAILED, REFUNDED, PARTLY, DISPUTED, PENDING = (
    "succeeded", "failed", "refunded", "partly refunded", "disputed", "pending",
)  # fmt: skip
STATES = (PAID, FAILED, REFUNDED, PARTLY, DISPUTED, PENDING)
_WORDS: Mapping[str, str] = {
    PAID: "succeeded success successful paid complete completed captured settled ok approved processed "
    "abgeschlossen bezahlt erfolgreich eingegangen payé payée effectué réussi terminé pagado completado "
    "pagato voltooid betaald 已完成 已支付 成功",
    FAILED: "failed failure declined denied blocked canceled cancelled void voided expired rejected unpaid "
    "uncollectible abgelehnt fehlgeschlagen storniert abgebrochen échoué refusé annulé fallido rechazado "
    "cancelado geweigerd mislukt 失败 已取消",
    REFUNDED: "refunded refund fully_refunded erstattet zurückgezahlt zurückerstattet remboursé reembolsado "
    "rimborsato terugbetaald 已退款",
    PARTLY: "partially_refunded partial_refund partly_refunded teilweise_erstattet partiellement_remboursé",
    DISPUTED: "disputed chargeback charged_back dispute reversed lost zurückgebucht "
    "rückgängig_gemacht contesté",
    PENDING: "pending processing open uncaptured incomplete held on_hold authorized requires_payment_method "
    "requires_action requires_capture requires_confirmation ausstehend offen en_attente pendiente 待处理",
}
_STATE_OF = {word: state for state, words in _WORDS.items() for word in words.split()}


@lru_cache(maxsize=1 << 12)
def state_of(said: str) -> str:
    """The state that a word for it means; "" for one that nobody knows, and succeeded for none at all.

    >>> state_of("Completed"), state_of("Partially refunded"), state_of(""), state_of("odd")
    ('succeeded', 'partly refunded', 'succeeded', '')
    """
    return _STATE_OF.get(spellings.plain_choice(said), "") if said else PAID


# What a tool calls the kind of a row, in English, German, French, Spanish and Dutch.
# Held back while a payment is looked into, or let go after that: nothing went back yet.
_HELD = re.compile(r"(?i)\bholds?\b|einbehalt|retenue|retención|inhouding")
_RETURN = re.compile(r"(?i)refund|rückzahlung|erstattung|remboursement|reembolso|terugbetaling")
_DISPUTE = re.compile(
    r"(?i)chargeback|dispute|payment reversal|reversal$|rückbuchung|käuferbeschwerde|zahlungsrückbuchung"
)
_UNDONE = re.compile(
    r"(?i)(?:chargeback|dispute).*(?:reversal|won|cancellation)|cancell?ed reversal|"
    r"(?:reversal|cancellation) of (?:chargeback|dispute)"
)
_NO_CHARGE = re.compile(
    r"(?i)payout|withdrawal|currency conversion|\bfees?\b|adjustment|top-?up|auszahlung|abbuchung|"
    r"währungsumrechnung|"
    r"gebühr|virement|conversion de devise|frais|commission|retirada|conversión|comisión"
)
# The same of a tool that moves money itself; in a ledger of one's own, a bank transfer is a way to pay.
_MOVED = re.compile(
    r"(?i)transfer|conversion|\brelease\b|reserve|freigabe|authori[sz]ation|^order$|deposit|loan|repayment|"
    r"credit card|bank|"
    r"invoice sent|money request|request sent|autorisierung|überweisung|gutschrift auf"
)
CHARGE, RETURN, DISPUTE, UNDONE, OTHER = "charge", "refund", "dispute", "undone", "other"


@lru_cache(maxsize=1 << 12)
def kind_of(said: str, *, is_of_a_tool: bool) -> str:
    """What a row is by the word for its kind.

    >>> kind_of("Subscription Payment", is_of_a_tool=True), kind_of("Payment Refund", is_of_a_tool=True)
    ('charge', 'refund')
    >>> kind_of("Bank transfer", is_of_a_tool=True), kind_of("Bank transfer", is_of_a_tool=False)
    ('other', 'charge')
    >>> kind_of("Hold on Balance for Dispute Investigation", is_of_a_tool=True)
    'other'
    """
    patterns = [
        (_HELD, OTHER),
        (_UNDONE, UNDONE),
        (_RETURN, RETURN),
        (_DISPUTE, DISPUTE),
        (_NO_CHARGE, OTHER),
    ]
    patterns += [(_MOVED, OTHER)] if is_of_a_tool else []
    return next((kind for pattern, kind in patterns if pattern.search(said)), CHARGE)


def is_yes(said: str) -> bool:
    """Whether a cell says yes, as files of tools do.

    >>> is_yes("1"), is_yes("True"), is_yes("0"), is_yes("")
    (True, True, False, False)
    """
    return said.strip().lower() in ("1", "true", "yes", "y", "ja", "x", "oui")
