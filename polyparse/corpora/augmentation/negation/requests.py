"""A request taken apart: its verb in the forms that templates ask for, each with the rest of the words.

    en  {v} turn off the light    {ving} turning off the light   {vit} turn it off
    es  {imp} ponme jazz          {inf} ponerme jazz             {sub} me pongas jazz   {subu} me ponga jazz
        {pre} me pones jazz       {subz} pongas
    it  {imp} mettimi il jazz     {inf} mettermi il jazz         {sub} mi metta il jazz
        {pre} mi metti il jazz    {infz} metter
    hi  {imp} jazz चलाओ           {pre} jazz    {stem} चला    {o} चलाओ    {en} चलाएं    {iye} चलाइए
        {na} चलाना    {ne} चलाने    {te} चलाते

Where the verb makes something that stands behind it with an article, {np} is that, and {bare} the same without the article;
{kind} is what a verb plays.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from polyparse.corpora.augmentation.negation.rules import rules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from polyparse.corpora.augmentation.negation.rules import Rules

Forms = dict[str, str]
ARTICLES = {
    "en": ("a", "an", "some", "any", "the", "my"),
    "es": ("un", "una", "unas", "unos", "la", "el"),
    "it": ("un", "una", "uno", "un'", "la", "il", "del", "della"),
    "hi": (),
}
PLAYED = 3
"""The most words of something that is named as a kind of music."""


class _Verb(NamedTuple):
    forms: tuple[str, ...]
    kind: str


def forms_of(text: str, language: str) -> Forms | None:
    """The forms of a request, by the names that templates have for them; None for what is no request of a verb known here.

    The language is one of those that have rules.
    """
    rules = rules_of(language)
    words = text.lower().split()
    while words and words[0] in rules.skipped:
        words = words[1:]
    if not words or not rules.cues.isdisjoint(words):
        return None
    return _TAKEN_APART[language](words)


def _english(words: Sequence[str]) -> Forms | None:
    verb = _verbs("en").get(words[0])
    if verb is None or len(words) == 1:
        return None
    rest = words[1:]
    base, *gerund = verb.forms
    ing = gerund[0] if gerund else (base[:-1] if base[-1] == "e" else base) + "ing"
    particle = rest[:1] if rest[0] in ENGLISH_PARTICLES else []
    return {
        "v": _joined(base, rest),
        "vit": _joined(f"{base} it", particle),
        "ving": _joined(ing, rest),
        **_objects(rest, verb.kind, "en"),
    }


def _spanish(words: Sequence[str]) -> Forms | None:
    found = _with_clitic(words[0], _verbs("es"), SPANISH_CLITICS)
    if found is None:
        return None
    verb, clitic = found
    infinitive, imperative, *irregular = verb.forms
    before = f"{clitic} " if clitic else ""
    stem = irregular[0] if irregular else _spelt(imperative[:-1], infinitive)
    vowel = "e" if infinitive.endswith("ar") else "a"
    present = irregular[1] if len(irregular) > 1 else f"{imperative}s"
    rest = words[1:]
    return {
        "imp": _joined(_imperative(words[0], verb, clitic), rest),
        "inf": _joined(infinitive + clitic, rest),
        "sub": _joined(f"{before}{stem}{vowel}s", rest),
        "subz": f"{stem}{vowel}s",
        "subu": _joined(f"{before}{stem}{vowel}", rest),
        "pre": _joined(before + present, rest),
        **_objects(rest, verb.kind, "es"),
    }


def _italian(words: Sequence[str]) -> Forms | None:
    found = _with_clitic(words[0], _verbs("it"), ITALIAN_CLITICS)
    if found is None:
        return None
    verb, clitic = found
    infinitive, imperative, *irregular = verb.forms
    before = f"{clitic} " if clitic else ""
    is_first = infinitive.endswith("are") and not irregular
    stem = imperative[:-1]
    soft = (stem + "h" if stem[-1] in "cg" else stem.removesuffix("i")) + "i"
    subjunctive = irregular[0] if irregular else soft if is_first else f"{stem}a"
    present = irregular[1] if len(irregular) > 1 else soft if is_first else imperative
    rest = words[1:]
    end = infinitive[:-2] if infinitive.endswith("rre") else infinitive[:-1]
    return {
        "imp": _joined(_imperative(words[0], verb, clitic), rest),
        "inf": _joined(end + clitic if clitic else infinitive, rest),
        "sub": _joined(before + subjunctive, rest),
        "infz": end,
        "pre": _joined(before + present, rest),
        **_objects(rest, verb.kind, "it"),
    }


def _hindi(words: Sequence[str]) -> Forms | None:
    """The verb stands last, with an ending, or as a bare stem before "दो" ("give"), which a negated request leaves out."""
    before, stem = _hindi_stem(words)
    verb = _verbs("hi").get(stem)
    if verb is None or not before:
        return None
    _, *irregular = verb.forms
    vowel = stem[-1] == "ा"
    regular = [stem + end for end in (("ओ", "एं", "इए") if vowel else ("ो", "ें", "िए"))]
    o, en, iye = irregular or regular
    forms = {
        "o": o,
        "en": en,
        "iye": iye,
        "na": f"{stem}ना",
        "ne": f"{stem}ने",
        "te": f"{stem}ते",
        "stem": stem,
    }
    kind = {"kind": " ".join(before)} if verb.kind == "playing" and len(before) <= PLAYED else {}
    return {"imp": " ".join(words), "pre": " ".join(before), **forms, **kind}


_TAKEN_APART: Mapping[str, Callable[[Sequence[str]], Forms | None]] = {
    "en": _english,
    "es": _spanish,
    "it": _italian,
    "hi": _hindi,
}
ENGLISH_PARTICLES = ("on", "off", "up", "down", "out", "back")
SPANISH_CLITICS = ("me", "nos", "lo", "la", "los", "las", "le", "les")
ITALIAN_CLITICS = ("mi", "ci", "lo", "la", "li", "le")
HINDI_ENDINGS = ("िये", "िए", "इये", "इए", "एँ", "एं", "ें", "ओ", "ो", "ना", "ए", "े")
GIVING = ("दो", "दें", "दीजिए", "दीजिये", "देना", "दे")


@lru_cache(maxsize=4)
def _verbs(language: str) -> Mapping[str, _Verb]:
    """A verb by each of its forms that make a request, accents left out."""
    rules: Rules = rules_of(language)
    verbs = [_Verb(forms, kind) for kind, of_kind in rules.verbs.items() for forms in of_kind]
    return {_plain(form): verb for verb in verbs for form in verb.forms[:2]}


def _with_clitic(word: str, verbs: Mapping[str, _Verb], clitics: Sequence[str]) -> tuple[_Verb, str] | None:
    """The verb that the word is a form of, and the pronoun at its end ("" for none)."""
    plain = _plain(word)
    if (verb := verbs.get(plain)) is not None:
        fused = (
            verb.forms[1].endswith("mi") and verb.forms[1] == word
        )  # fammi, dimmi: fa', di' with a pronoun
        return verb, "mi" if fused else ""
    for clitic in clitics:
        stem = plain.removesuffix(clitic)
        found = verbs.get(stem) or verbs.get(f"{stem}e") or verbs.get(f"{stem}re")  # ricordarmi, riprodurmi
        if stem != plain and found is not None:
            return found, clitic
    return None


def _imperative(word: str, verb: _Verb, clitic: str) -> str:
    """The word itself, or what is said in place of an infinitive."""
    infinitive, imperative = verb.forms[:2]
    if word.removesuffix(clitic) not in (infinitive, infinitive[:-1], infinitive[:-2]):
        return word
    return imperative if imperative.endswith(clitic) else imperative + clitic


def _hindi_stem(words: Sequence[str]) -> tuple[Sequence[str], str]:
    """What stands before the verb, and its stem; "" for a last word that asks for nothing."""
    verbs = _verbs("hi")
    if len(words) > 1 and words[-1] in GIVING and words[-2] in verbs:
        return words[:-2], words[-2]
    last = words[-1]
    irregular = {
        form: name for name, verb in verbs.items() for form in verb.forms[1:] if name == verb.forms[0]
    }
    if last in irregular:
        return words[:-1], irregular[last]
    return words[:-1], next(
        (last[: -len(e)] for e in HINDI_ENDINGS if last.endswith(e) and last[: -len(e)] in verbs), ""
    )


def _objects(rest: Sequence[str], kind: str, language: str) -> Forms:
    if kind == "playing":
        return {"kind": " ".join(rest)} if 0 < len(rest) <= PLAYED else {}
    if kind != "making" or len(rest) < 2 or rest[0] not in ARTICLES[language]:
        return {}
    return {"np": " ".join(rest), "bare": " ".join(rest[1:])}


def _spelt(stem: str, infinitive: str) -> str:
    """A stem before another vowel, sounding the same: apag- apagu-, busc- busqu-, empiez- empiec-, escog- escoj-."""
    if infinitive.endswith("ar"):
        last = {"g": "gu", "c": "qu", "z": "c"}.get(stem[-1], stem[-1])
    else:
        last = {"g": "j"}.get(stem[-1], stem[-1])
    return stem[:-1] + last


def _plain(word: str) -> str:
    """Without accents on vowels, which a pronoun at the end moves; ñ and Hindi stay."""
    return normalize("NFC", normalize("NFD", word).replace("\u0301", ""))


def _joined(verb: str, rest: Sequence[str]) -> str:
    return " ".join([verb, *rest])
