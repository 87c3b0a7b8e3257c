"""Hypothesis strategies for text: words of many scripts, and utterances made of them."""

from __future__ import annotations

from hypothesis import strategies as st

from polyparse.text.tokens import tokenise

SCRIPTS = {
    "latin": "abeimnorstuzAEKÉéñßıİ",
    "greek": "αβγλσςΩ",
    "cyrillic": "абвгеёжЯ",
    "devanagari": "कखगनमरसहािीुे\u094d\u093c\u0902",
    "arabic": "ابتسمهي\u064e\u0651٣",
    "hebrew": "אבגמםש\u05b0",
    "thai": "กขนมำี่้เ",
    "han": "東京今日天气",
    "kana": "かながカナｶﾞー",
    "hangul": "한국어",
    "digits": "0123456789５",
    "signs": "'’\"«»-.,:!?$€%&@()/\\",
    "emoji": "👍🏽👩🏳🇮🇹❤\ufe0f\u200d",
    "invisible": "\u200c\u200d\u00ad\ufeff\u200e\u202b",
}
SPACES = " \t\n\u3000\u00a0\u200b"

letters = st.sampled_from([script for name, script in SCRIPTS.items() if name not in {"signs", "invisible"}])
words = letters.flatmap(lambda script: st.text(script, min_size=1, max_size=8))
"""A word in one script; a few hold no token (a lone joiner)."""

texts = st.lists(
    words
    | st.text("".join(SCRIPTS.values()), min_size=1, max_size=6)
    | st.text(SPACES, min_size=1, max_size=2)
    | st.just(" ")
    | st.characters(exclude_categories=["Cs"]),
    max_size=10,
).map("".join)
"""Anything without surrogates, most of it in words; may be empty or blank."""

utterances = texts.filter(lambda text: bool(tokenise(text)))
"""A text with at least one token."""
