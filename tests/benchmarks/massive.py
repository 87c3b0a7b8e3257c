"""A corpus of a few lines in MASSIVE's layout, in the four languages that benchmarks read."""

import json
from pathlib import Path

LINES = {
    "en-US": [("train", "wake me at seven"), ("dev", "wake me"), ("dev", "lights out in the kitchen")],
    "es-ES": [
        ("train", "apaga las luces de la cocina"),
        ("dev", "apaga las luces"),
        ("dev", "apaga las luces de la cocina ahora"),
    ],
    "it-IT": [("train", "spegni le luci"), ("dev", "spegni le luci"), ("dev", "spegni")],
    "hi-IN": [("train", "सात बजे जगाओ"), ("dev", "सात बजे"), ("dev", "जगाओ")],
}
"""Locale -> (partition, utterance). Of the eleven white-space chunks of English and Spanish dev, train has seen seven."""


def write_massive(folder: Path) -> str:
    """Write the corpus, and return its "FORMAT:PATH"."""
    for locale, lines in LINES.items():
        rows = [
            {
                "id": str(number),
                "locale": locale,
                "partition": partition,
                "scenario": "iot",
                "intent": "iot_any",
                "utt": text,
                "annot_utt": text,
            }
            for number, (partition, text) in enumerate(lines)
        ]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        folder.joinpath(f"{locale}.jsonl").write_text(text, encoding="utf-8")
    return f"massive:{folder}"
