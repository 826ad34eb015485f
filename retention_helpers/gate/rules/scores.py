"""Rules about the answers to the recommendation question."""

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.gate.evidence import Evidence
from retention_helpers.words.formats import count

LEAST_ANSWERS = 10
SHORTER_SCALES = (5, 7)  # that are in use beside 0 to 10


def another_scale(evidence: Evidence) -> None:
    """Scores that never go beyond the end of a shorter scale, whose best answer would count as a bad one."""
    answers, least, most = evidence.one(
        f"SELECT count(score), min(score), max(score) FROM {evidence.of('nps')}"
    )
    scale = next((end for end in SHORTER_SCALES if answers >= LEAST_ANSWERS and most <= end), None)
    if scale is None:
        return
    evidence.say(
        "warning",
        "nps",
        "another scale",
        f"no answer is above {most}, as on a scale of {scale}: {count(answers)} answers, from {least} to "
        f"{most}",
        "The question is asked from 0 to 10: leave out answers on another scale; if these are on it, write "
        f"`accepted: [another scale]` in {SETTINGS_FILE}.",
        effect="Every score up to 6 counts as would not recommend, so each of them would.",
        rows=answers,
    )
