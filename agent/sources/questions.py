"""What a table of lines cannot tell, as one sentence with the key of the config that answers it."""

from __future__ import annotations

from agent.tables.values import Question, Settles

MOST_COLUMNS = 16  # that are listed
_ANSWERS: dict[Settles, str] = {
    "columns": 'set columns = [1, 2, 3] or ["ax", "ay", "az"]',
    "time_column": 'set time = 1 or "t_us"',
    "rate": "correct rate_hz",
    "unit": "correct unit",
    "decimal": "print decimal points, or separate the columns by semicolons",
}


def question_text(question: Question) -> str:
    """The question, the columns that there are, and what to do; a refusal that nothing answers ends with its reason."""
    answer = _ANSWERS.get(question.settles)
    if answer is None:
        return question.text
    more = "" if len(question.columns) <= MOST_COLUMNS else ", ..."
    there = f" (columns: {', '.join(question.columns[:MOST_COLUMNS])}{more})" if question.columns else ""
    return f"{question.text}{there}; {answer}"
