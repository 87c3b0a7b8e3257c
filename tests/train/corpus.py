"""A corpus small enough to learn in a second: 14 utterances in each of four languages, written for the tests.

Ids are shared over the languages. Ten utterances are for training; dev and test say the same things in other
combinations. Every word has one tag wherever it stands, so that even a model without context can learn it all.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from polyparse.corpora.example import Example
from polyparse.corpora.readers.brackets import spans_of
from polyparse.corpora.readers.lines import Line

if TYPE_CHECKING:
    from collections.abc import Iterator


class Meaning(NamedTuple):
    """What utterances of one id have in common."""

    partition: str
    domain: str
    intent: str


MEANINGS = (
    Meaning("train", "alarm", "alarm_set"),
    Meaning("train", "alarm", "alarm_set"),
    Meaning("train", "alarm", "alarm_remove"),
    Meaning("train", "alarm", "alarm_remove"),
    Meaning("train", "music", "music_play"),
    Meaning("train", "music", "music_play"),
    Meaning("train", "music", "music_louder"),
    Meaning("train", "weather", "weather_query"),
    Meaning("train", "weather", "weather_query"),
    Meaning("train", "weather", "weather_query"),
    Meaning("dev", "alarm", "alarm_set"),
    Meaning("dev", "weather", "weather_query"),
    Meaning("test", "music", "music_play"),
    Meaning("test", "alarm", "alarm_remove"),
)

ANNOTATED = {
    "en-US": """
        wake me at [time : seven thirty]
        set an alarm for [date : tomorrow] at [time : six]
        delete the alarm for [date : tomorrow]
        cancel my alarm at [time : seven thirty]
        play [artist : nina simone]
        put on some songs by [artist : lata mangeshkar]
        turn the volume up
        will it rain in [place : new delhi] [date : today]
        what is the weather like in [place : rome]
        is it [weather_descriptor : sunny] [date : tomorrow]
        wake me [date : tomorrow] at [time : six]
        will it rain in [place : rome] [date : tomorrow]
        play some songs by [artist : nina simone]
        delete my alarm at [time : six]
    """,
    "es-ES": """
        despiértame a las [time : siete y media]
        pon una alarma para [date : mañana] a las [time : seis]
        borra la alarma de [date : mañana]
        cancela mi alarma de las [time : siete y media]
        reproduce [artist : nina simone]
        pon canciones de [artist : lata mangeshkar]
        sube el volumen
        ¿lloverá en [place : nueva delhi] [date : hoy]?
        ¿qué tiempo hace en [place : roma]?
        estará [weather_descriptor : soleado] [date : mañana]
        despiértame [date : mañana] a las [time : seis]
        ¿lloverá en [place : roma] [date : mañana]?
        reproduce canciones de [artist : nina simone]
        borra mi alarma de las [time : seis]
    """,
    "hi-IN": """
        मुझे [time : साढ़े सात] बजे जगाओ
        [date : कल] सुबह [time : छह] बजे का अलार्म लगाओ
        [date : कल] का अलार्म हटाओ
        मेरा [time : साढ़े सात] बजे का अलार्म रद्द करो
        [artist : नीना सिमोन] बजाओ
        [artist : लता मंगेशकर] के गाने सुनाओ
        आवाज़ बढ़ाओ
        क्या [date : आज] [place : नई दिल्ली] में बारिश होगी
        [place : रोम] में मौसम कैसा है
        क्या [date : कल] [weather_descriptor : धूप] होगी
        मुझे [date : कल] [time : छह] बजे जगाओ
        क्या [date : कल] [place : रोम] में बारिश होगी
        [artist : नीना सिमोन] के गाने बजाओ
        मेरा [time : छह] बजे का अलार्म हटाओ
    """,
    "it-IT": """
        svegliami alle [time : sette e mezza]
        imposta una sveglia per [date : domani] alle [time : sei]
        elimina la sveglia di [date : domani]
        annulla la mia sveglia delle [time : sette e mezza]
        riproduci [artist : nina simone]
        metti le canzoni di [artist : lata mangeshkar]
        alza il volume
        pioverà a [place : nuova delhi] [date : oggi]
        che tempo fa a [place : roma]
        [date : domani] c'è il [weather_descriptor : sole]
        svegliami [date : domani] alle [time : sei]
        pioverà a [place : roma] [date : domani]
        riproduci le canzoni di [artist : nina simone]
        elimina la mia sveglia delle [time : sei]
    """,
}

LOCALES = tuple(ANNOTATED)


def examples(partition: str = "train") -> list[Example]:
    """The utterances of a partition, locale by locale, as the reader of MASSIVE gives them."""
    return [
        Example(
            id=row["id"],
            text=row["utt"],
            locale=row["locale"],
            partition=row["partition"],
            domain=row["scenario"],
            intent=row["intent"],
            slots=spans_of(row["annot_utt"], row["utt"], line),
        )
        for line, row in _rows()
        if row["partition"] == partition
    ]


def write_massive(folder: Path) -> str:
    """Write <locale>.jsonl for each locale into a new folder; returns what `--corpus` takes."""
    folder.mkdir()
    for line, row in _rows():
        with folder.joinpath(line.path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return f"massive:{folder}"


def write_slots(folder: Path, locale: str = "en-US") -> str:
    """Write one locale as lines of `token:tag <=> intent`, which have no domains; returns what `--corpus` takes."""
    folder.mkdir()
    for partition in ("train", "dev", "test"):
        lines = [
            " ".join(f"{word}:{tag}" for word, tag in _tagged(example)) + f" <=> {example.intent}\n"
            for example in examples(partition)
            if example.locale == locale
        ]
        folder.joinpath(partition).write_text("".join(lines), encoding="utf-8")
    return f"slots:{folder}"


def write_conll(prefix: Path, locale: str = "en-US") -> str:
    """Write one locale as CoNLL files, which have neither domains nor intents; returns what `--corpus` takes."""
    for partition, suffix in (("train", "train"), ("dev", "testa"), ("test", "testb")):
        sentences = [
            "".join(f"{word} {tag}\n" for word, tag in _tagged(example))
            for example in examples(partition)
            if example.locale == locale
        ]
        prefix.with_suffix(f".{suffix}").write_text("\n".join(sentences), encoding="utf-8")
    return f"conll:{prefix}"


def _rows() -> Iterator[tuple[Line, dict[str, str]]]:
    """Every utterance as a row of MASSIVE's layout, with the line of the file that would hold it."""
    for locale, text in ANNOTATED.items():
        annotations = [line.strip() for line in text.strip().splitlines()]
        for number, (meaning, annotation) in enumerate(zip(MEANINGS, annotations, strict=True), start=1):
            row = {
                "id": str(number),
                "locale": locale,
                "partition": meaning.partition,
                "scenario": meaning.domain,
                "intent": meaning.intent,
                "utt": re.sub(r"\[\w+ : ([^]]+)\]", r"\1", annotation),
                "annot_utt": annotation,
            }
            yield Line(Path(f"{locale}.jsonl"), number, annotation), row


def _tagged(example: Example) -> Iterator[tuple[str, str]]:
    """Words by white space, with BIO tags."""
    for word in re.finditer(r"\S+", example.text):
        inside = [span for span in example.slots if span.start <= word.start() < span.end]
        prefix = "B" if inside and inside[0].start == word.start() else "I"
        yield word[0], f"{prefix}-{inside[0].name}" if inside else "O"
