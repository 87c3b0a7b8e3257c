"""What is said for the signs that stand beside numbers: units, sums, halves of the day; by language.

`/` stands between words for the same thing: which of them is said is the vocabulary's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class UnitNames:
    """The words of one language.

    `units` are by sign, after one and after several; `half_days` are those of "a" and "p" in "a.m." and "p.m.". `clock`, and
    `quarters` for some minutes, have `{hour}`, `{next}` and `{minute}`; behind `hour_articles` one is `one_o_clock`.
    `thousands` is the mark between groups of three digits; `of` stands between a day and its month, `oh` before minutes
    below ten. With `glues_marks` the mark of an ordinal goes on with the number's word. `month_first` is of dates in
    digits, and goes with days that are ordinals and clocks of twelve hours.
    """

    units: Mapping[str, tuple[str, str]]
    sums: Mapping[str, str]
    half_days: Mapping[str, str]
    clock: str
    quarters: Mapping[int, str]
    ordinal_marks: str
    point: str
    thousands: str
    one_o_clock: str
    hour_articles: str = ""
    of: str = ""
    oh: str = ""
    glues_marks: bool = False
    month_first: bool = False


def _units(**signs: tuple[str, str]) -> dict[str, tuple[str, str]]:
    return {sign.lower(): words for signs_, words in signs.items() for sign in _SIGNS[signs_].split()}


_SIGNS = {
    "percent": "% pct",
    "degrees": "°",
    "celsius": "°c ºc ℃",
    "euros": "€ eur",
    "dollars": "$ usd",
    "pounds": "£ gbp",
    "rupees": "₹ rs inr रु",
    "minutes": "min mins मि",
    "hours": "h hs hr hrs",
    "seconds": "sec secs seg",
    "kilometres": "km kms किमी",
    "miles": "mi",
    "kilos": "kg kgs",
}

NAMES: Mapping[str, UnitNames] = {
    "en": UnitNames(
        units=_units(
            percent=("percent/per cent", "percent/per cent"),
            degrees=("degree", "degrees"),
            celsius=("degree celsius/degree", "degrees celsius/degrees"),
            euros=("euro", "euros"),
            dollars=("dollar", "dollars"),
            pounds=("pound", "pounds"),
            rupees=("rupee", "rupees"),
            minutes=("minute", "minutes"),
            hours=("hour", "hours"),
            seconds=("second", "seconds"),
            kilometres=("kilometer", "kilometers/kilometres"),
            miles=("mile", "miles"),
            kilos=("kilo/kilogram", "kilos/kilograms"),
        ),
        sums={"+": "plus", "-": "minus", "x": "times", "/": "divided by"},
        half_days={"a": "am/a . m .", "p": "pm/p . m ."},
        clock="{hour} {minute}",
        quarters={0: "{hour}"},
        ordinal_marks="st|nd|rd|th",
        point="point",
        thousands=",",
        one_o_clock="one",
        oh="oh/o",
        month_first=True,
    ),
    "es": UnitNames(
        units=_units(
            percent=("por ciento", "por ciento"),
            degrees=("grado", "grados"),
            celsius=("grado centígrado/grado", "grados centígrados/grados"),
            euros=("euro", "euros"),
            dollars=("dólar", "dólares"),
            pounds=("libra", "libras"),
            rupees=("rupia", "rupias"),
            minutes=("minuto", "minutos"),
            hours=("hora", "horas"),
            seconds=("segundo", "segundos"),
            kilometres=("kilómetro", "kilómetros"),
            kilos=("kilo", "kilos"),
        ),
        sums={"+": "más", "-": "menos", "x": "por", "/": "entre/dividido por"},
        half_days={"a": "a . m .", "p": "p . m ."},
        clock="{hour} y {minute}",
        quarters={0: "{hour}", 15: "{hour} y cuarto/{hour} y quince", 30: "{hour} y media/{hour} y treinta"},
        ordinal_marks=r"\.?[ºª]|er|ero|do|to|mo|vo|no",
        point="punto/coma",
        thousands=".",
        one_o_clock="una",
        hour_articles=r"\bla\s+",
        of="de",
    ),
    "it": UnitNames(
        units=_units(
            percent=("percento/per cento", "percento/per cento"),
            degrees=("grado", "gradi"),
            celsius=("grado centigrado/grado", "gradi centigradi/gradi"),
            euros=("euro", "euro"),
            dollars=("dollaro", "dollari"),
            pounds=("sterlina", "sterline"),
            rupees=("rupia", "rupie"),
            minutes=("minuto", "minuti"),
            hours=("ora", "ore"),
            seconds=("secondo", "secondi"),
            kilometres=("chilometro", "chilometri"),
            kilos=("chilo", "chili"),
        ),
        sums={"+": "più", "-": "meno", "x": "per", "/": "diviso"},
        half_days={"a": "a . m .", "p": "p . m ."},
        clock="{hour} e {minute}",
        quarters={
            0: "{hour}",
            15: "{hour} e un quarto/{hour} e quindici",
            30: "{hour} e mezza/{hour} e mezzo/{hour} e trenta",
        },
        ordinal_marks=r"[ºª]|°(?=\s+(?:gen|feb|mar|apr|mag|giu|lug|ago|set|ott|nov|dic))",
        point="punto/virgola",
        thousands=".",
        one_o_clock="una",
        hour_articles=r"\b(?:l|all|dall|dell)['’]\s?",
    ),
    "hi": UnitNames(
        units=_units(
            percent=("प्रतिशत", "प्रतिशत"),
            degrees=("डिग्री", "डिग्री"),
            celsius=("डिग्री सेल्सियस/डिग्री", "डिग्री सेल्सियस/डिग्री"),
            euros=("यूरो", "यूरो"),
            dollars=("डॉलर", "डॉलर"),
            pounds=("पाउंड", "पाउंड"),
            rupees=("रुपया/रुपये/रुपए", "रुपये/रुपए"),
            minutes=("मिनट", "मिनट"),
            hours=("घंटा/घंटे", "घंटे"),
            seconds=("सेकंड/सेकेंड", "सेकंड/सेकेंड"),
            kilometres=("किलोमीटर", "किलोमीटर"),
            miles=("मील", "मील"),
            kilos=("किलो", "किलो"),
        ),
        sums={"+": "प्लस/जमा/धन", "-": "माइनस/घटा", "x": "गुणा/गुना", "/": "भाग/विभाजित"},
        half_days={"a": "ए . एम .", "p": "पी . एम ."},
        clock="{hour} {minute}/{hour} बजकर {minute} मिनट",
        quarters={0: "{hour}", 15: "सवा {hour}", 30: "साढ़े {hour}", 45: "पौने {next}"},
        ordinal_marks="वाँ|वां|वीं|वें|ली|ला|री|रा|थी|था",
        point="दशमलव/पॉइंट",
        thousands=",",
        one_o_clock="एक",
        glues_marks=True,
    ),
}
