"""Numbers as recognisers write them: which forms may come of an utterance, and that every slot keeps its words."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.noise.written import glued, written
from tests.polyparse.corpora.annotated import annotated, example_of

if TYPE_CHECKING:
    from polyparse.corpora.noise import Noise

LOCALES = {"en": "en-US", "es": "es-ES", "it": "it-IT", "hi": "hi-IN", "de": "de-DE"}
WRITTEN = """
en wake me at [time : five] | wake me at [time : 5]
en wake me at [time : six am] [date : today] | wake me at [time : 6 am] [date : today]
en set an alarm for [time : four p. m.] please | set an alarm for [time : 4 pm] please
en wake me at [time : five thirty] | wake me at [time : 5:30]
en for [time : twelve o'clock] | for [time : 12 o'clock] ; for [time : 12:00]
en what is on [date : june fourteenth two thousand and seventeen] | what is on [date : june 14th 2017]
en what is on [date : the twenty second of march twenty seventeen] | what is on [date : the 22nd of march 2017]
en the [date : first] of the second kind | the [date : 1st] of the second kind
en lower the lights by [change_amount : twenty percent] | lower the lights by [change_amount : 20%]
en play [radio_name : ninety three point five f. m.] | play [radio_name : 93.5 f. m.]
en what are five dollars in euros | what are $5 in euros
en play that one | NOTHING
en remind me in [time : one hour] | remind me in [time : 1 hour]
en change twenty [currency_name : dollars] | change 20 [currency_name : dollars]
es a las [time : cinco y media] | a las [time : 5:30] ; a las [time : 5 y media]
es a las [time : seis y cuarenta y cinco de la mañana] | a las [time : 6:45 de la mañana]
es a las [time : diez a. m.] | a las [time : 10 am]
es el [date : primero de marzo] | el [date : 1º de marzo] ; el [date : 1.º de marzo] ; el [date : 1 de marzo]
es sube el volumen un [change_amount : veinte por ciento] | sube el volumen un [change_amount : 20%]
es una alarma | NOTHING
es cambia cincuenta euros a [currency_name : dólares] | cambia 50 € a [currency_name : dólares]
it alle [time : sette e mezza] | alle [time : 7:30] ; alle [time : 7 e mezza]
it all'[time : una e trenta] | all'[time : 1:30]
it il [date : primo aprile duemiladiciassette] | il [date : 1° aprile 2017] ; il [date : 1 aprile 2017]
it sei bella | NOTHING
it alle [time : sei] | alle [time : 6]
it al [change_amount : venti per cento] | al [change_amount : 20%]
hi [time : सुबह छह बजे] का अलार्म | [time : सुबह 6 बजे] का अलार्म ; [time : सुबह ६ बजे] का अलार्म
hi [time : साढ़े सात बजे] | [time : 7:30 बजे] ; [time : ७:३० बजे] ; [time : साढ़े 7 बजे] ; [time : साढ़े ७ बजे]
hi [time : दो पी.एम.] पर | [time : 2 pm] पर ; [time : २ pm] पर
hi [date : बाइसवां] | [date : 22वां] ; [date : २२वां]
hi बंद कर दो | NOTHING
hi [change_amount : बीस प्रतिशत] कम करो | [change_amount : 20%] कम करो ; [change_amount : २०%] कम करो
de um [time : fünf uhr] | NOTHING
"""
GLUED = """
en wake me at [time : six am] [date : today] | wake me at [time : 6am] [date : today]
en wake me at [time : five thirty p. m.] | wake me at [time : 5:30pm]
en in [time : ten minutes] | in [time : 10min]
en wake me at [time : five] | NOTHING
en what are five dollars | what are $5
es a las [time : diecisiete horas] | a las [time : 17h]
es a las [time : diez a. m.] | a las [time : 10am]
it in [time : due ore] | in [time : 2h]
it a cinque chilometri | a 5km
hi [time : सात बजे] जगाओ | [time : 7बजे] जगाओ ; [time : ७बजे] जगाओ
hi [time : सात] बजे जगाओ | NOTHING
hi [time : पांच मिनट] का | [time : 5मिनट] का ; [time : ५मिनट] का
hi [time : एक पी. एम.] | [time : 1pm] ; [time : १pm]
"""
CASES: list[tuple[object, ...]] = [
    (kind, *(part.strip() for part in line.split("|")))
    for kind, lines in ((written, WRITTEN), (glued, GLUED))
    for line in lines.strip().splitlines()
]


@pytest.mark.parametrize(("kind", "before", "after"), CASES)
def test_each_of_these_forms_is_written_and_no_other(kind: Noise, before: str, after: str) -> None:
    language, _, text = before.partition(" ")
    example = example_of(text, LOCALES[language])
    noisy = [kind(example, Random(seed)) for seed in range(60)]
    assert {annotated(each) if each else "NOTHING" for each in noisy} == set(after.split(" ; "))
