"""How hard a text is to read."""

import re


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade level (Kincaid and others 1975), syllables counted as groups of vowels."""
    sentences = [s for s in re.split(r"[.!?](?:\s|$)", text) if re.search(r"[a-z]", s)]
    tokens = re.findall(r"[A-Za-z]+", text)
    syllables = sum(max(len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", t.lower()))), 1) for t in tokens)
    return 0.39 * len(tokens) / len(sentences) + 11.8 * syllables / len(tokens) - 15.59
