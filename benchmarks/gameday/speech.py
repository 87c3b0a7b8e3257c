"""What callers say: utterances of the languages that are served, a long one now and then; and what they say on a bad day."""

from collections.abc import Mapping, Sequence
from itertools import islice
from random import Random

Body = Mapping[str, str]
"""Of a request to /parse."""

USUAL: Mapping[str, Sequence[str]] = {
    "en-US": (
        "wake me up at seven tomorrow",
        "turn off the lights in the kitchen",
        "what is the weather like today",
        "play some jazz please",
        "add milk to my shopping list",
    ),
    "es-ES": (
        "pon una alarma a las siete de la mañana",
        "apaga las luces de la cocina",
        "qué tiempo hace hoy",
        "pon música de jazz por favor",
    ),
    "it-IT": (
        "spegni le luci della cucina",
        "che tempo fa oggi",
        "metti un po' di musica jazz",
        "svegliami domani alle sette",
    ),
    "hi-IN": ("बत्ती बंद करो", "आज मौसम कैसा है", "कल सुबह सात बजे मुझे जगाओ", "कुछ जैज़ संगीत चलाओ"),
}
LONG_IN = 20
"""One in so many utterances is long."""
LONG_WORDS = 48
"""So many that a version which fails or is slow on long texts shows it."""
FOREIGN = (
    "rebase the feature branch before you merge the pull request",
    "the defendant appealed the verdict on procedural grounds",
    "kubernetes ingress controller terminates tls certificates",
    "orthogonal polynomials satisfy recurrence relations",
    "escherichia coli plasmid transfection protocol",
    "the plaintiff seeks punitive damages and injunctive relief",
    "quantum chromodynamics predicts gluon confinement",
    "segmentation fault dereferencing null pointer",
)
"""In English, and of no domain."""
UNSERVED: Mapping[str, Sequence[str]] = {
    "de-DE": ("wecke mich morgen um sieben", "mach das licht in der küche aus"),
    "pl-PL": ("obudź mnie jutro o siódmej", "zgaś światło w kuchni"),
}
DRIFTED = 0.4
"""Share of the utterances that are other ones after a drift."""
N_BODIES = 400
SEED = 11


def usual(locales: Sequence[str]) -> list[Body]:
    """What callers say on a good day, in those of the locales that are spoken here."""
    random = Random(SEED)  # noqa: S311 - not cryptography
    spoken = [locale for locale in USUAL if locale in locales]
    return [
        _body(long_text(USUAL[locale]) if number % LONG_IN == 0 else random.choice(USUAL[locale]), locale)
        for number, locale in enumerate(random.choices(spoken, k=N_BODIES))
    ]


def with_foreign(bodies: Sequence[Body]) -> list[Body]:
    """The same, but English speakers ask for what no domain covers."""
    return _mixed(bodies, [_body(text, "en-US") for text in FOREIGN])


def with_unserved(bodies: Sequence[Body]) -> list[Body]:
    """The same, but many speak languages that are not served, and say so."""
    return _mixed(bodies, [_body(text, locale) for locale, texts in UNSERVED.items() for text in texts])


def long_text(texts: Sequence[str]) -> str:
    """Somebody who tells everything at once."""
    words = [word for text in texts for word in text.split()]
    return " ".join(islice(words * LONG_WORDS, LONG_WORDS))


def _mixed(bodies: Sequence[Body], others: Sequence[Body]) -> list[Body]:
    random = Random(SEED)  # noqa: S311 - not cryptography
    return [random.choice(others) if random.random() < DRIFTED else body for body in bodies]


def _body(text: str, locale: str) -> Body:
    return {"text": text, "locale": locale}
