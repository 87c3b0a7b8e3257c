"""Which marks are tokens: what people and recognisers write around words vanishes, what is part of a word stays."""

import pytest

from polyparse.text.marks import KINDS, MARKS, Context, Mark, is_kept, kind_of
from polyparse.text.tokens import normalise, tokenise

VANISH = {
    # a sentence's end, in every script that the models and their neighbours use
    "wake me up at seven.": "wake me up at seven",
    "despacito...": "despacito",
    "che tempo fa a lisbona…": "che tempo fa a lisbona",
    "set an alarm for seven..": "set an alarm for seven",
    "stop!": "stop",
    "really?!": "really",
    "¿qué hora es?": "qué hora es",
    "¡pon música!": "pon música",
    "मौसम कैसा है।": "मौसम कैसा है",
    "घर साफ करो॥": "घर साफ करो",
    "मुझे जगाना कल...": "मुझे जगाना कल",
    "كم السَّاعَة؟": "كم السَّاعَة",
    "明天。": "明 天",
    "ｓｔｏｐ！": "stop",
    "milk, eggs; bread: all": "milk eggs bread all",
    "uno، dos؛": "uno dos",
    # a stop between sentences, with and without a space
    "ordina una pizza. subito": "ordina una pizza subito",
    "कल. मुझे जगा देना": "कल मुझे जगा देना",
    "garage.now": "garage now",
    "vamos.ya": "vamos ya",
    "plan b.": "plan b",
    "five p m.": "five p m",
    "at 7.": "at 7",
    # brackets
    "jolene (live)": "jolene live",
    "seven)": "seven",
    "(suona jazz)": "suona jazz",
    "[noise] ciao": "noise ciao",
    "{luces}": "luces",
    "<hola>": "hola",
    "（今）": "今",
    "「今」": "今",
    # quotes
    "'let it be'": "let it be",
    "‘let it be’": "let it be",
    '"let it be"': "let it be",
    "“sí”": "sí",
    "„ja“": "ja",
    "«hola»": "hola",
    "‹hola›": "hola",
    "`radio`": "radio",
    "´radio´": "radio",
    "the beatles'": "the beatles",
    # signs that join words, where there is nothing to join
    "play jazz &": "play jazz",
    "& play jazz": "play jazz",
    "pon rock + +  ": "pon rock",
    "＋ दूध ＆": "दूध",
    # dashes
    "blu-": "blu",
    "blue —": "blue",
    "– milk": "milk",
    "- milk": "milk",
    "siete−": "siete",
    # slashes, and marks of markup
    "seven/": "seven",
    "seven\\": "seven",
    "a | b": "a b",
    "siete*": "siete",
    "*play* jazz": "play jazz",
    "_now_": "now",
    "~ok~": "ok",
    "^up": "up",
    "• leche": "leche",
    "· latte": "latte",
    # signs that name or join, at the edge of words
    "#jazz": "jazz",
    "@shakira": "shakira",
    "meet @ five": "meet five",
    "marks &co": "marks co",
    "shakira#": "shakira",
    "rock&": "rock",
    "one =": "one",
    "§ dos": "dos",
    # pictograms
    "nine 🙂": "nine",
    "seven🙂": "seven",
    "play 🎵 thriller 🎵": "play thriller",
    "❤️ te": "te",
    "👍🏽 ok": "ok",
    "roma 🇮🇹": "roma",
    "casa 👨\u200d👩\u200d👧": "casa",
    "starbucks™": "starbucks",
    "कल🙂": "कल",
    "press #️⃣": "press",
    "playlist→": "playlist",
    "playlist → now": "playlist now",
    "← back": "back",
    "seven×": "seven",
    "wait ⋯": "wait",
    "ok ◽◾": "ok",
    # several at once
    "(wake me!)": "wake me",
    '"pon la radio."': "pon la radio",
    "a.m..": "a.m.",
    "50%.": "50 %",
    "c++!": "c + +",
    "¿a las 7?": "a las 7",
    "(7)": "7",
    '"7"': "7",
}
STAY = {
    # numbers, and signs that belong to them
    "7.30": "7.30",
    "7:30": "7:30",
    "1,000.50": "1,000.50",
    ".5": ". 5",
    "-5": "- 5",
    "−5": "- 5",
    "+39": "+ 39",
    "24/7": "24 / 7",
    "3/4": "3 / 4",
    "12/24": "12 / 24",
    "9-to-5": "9 - to - 5",
    "2-3": "2 - 3",
    "50%": "50 %",
    "50 %": "50 %",
    "50％": "50 %",
    "50٪": "50 %",
    "song 1️⃣": "song 1",
    "20°": "20 °",
    "$10": "$ 10",
    "10$": "10 $",
    "5 €": "5 €",
    "€5": "€ 5",
    "₹500": "₹ 500",
    "#1": "# 1",
    "5*3": "5 * 3",
    "2 + 2": "2 + 2",
    "7+5": "7 + 5",
    "5 - 3": "5 - 3",
    "6 / 2": "6 / 2",
    "7 × 5": "7 × 5",
    "7×5": "7 × 5",
    "±2": "± 2",
    "1⁄2": "1 ⁄ 2",
    "f♯": "f ♯",
    "5'10": "5 ' 10",
    "७:३०": "७:३०",
    "50٫5": "50.5",
    "１２：３０": "12:30",
    # abbreviations and dotted letters
    "a.m.": "a.m.",
    "7 p.m.": "7 p.m.",
    "u.s.a.": "u.s.a.",
    "t. v.": "t . v .",
    "p. m.": "p . m .",
    "n. a. s. a.": "n . a . s . a .",
    "a las 7 p. m.": "a las 7 p . m .",
    "george w. bush": "george w . bush",
    "k. pop": "k . pop",
    "पी. एम.": "पी . एम .",
    "पी.एम.": "पी . एम .",
    "टी. वी.": "टी . वी .",
    "(a las 7 p. m.)": "a las 7 p . m .",
    "p. m.!": "p . m .",
    '"t. v."': "t . v .",
    # signs inside words, and words made of them
    "AT&T": "at & t",
    "r&b": "r & b",
    "rock & roll": "rock & roll",
    "c++": "c + +",
    "c#": "c #",
    "disney+": "disney +",
    "x-ray": "x - ray",
    "wi-fi": "wi - fi",
    "check-in": "check - in",
    "and/or": "and / or",
    "snake_case": "snake _ case",
    "ke$ha": "ke $ ha",
    # apostrophes
    "l'aria": "l' aria",
    "l’aria": "l' aria",
    "l`aria": "l' aria",
    "l´aria": "l' aria",
    "l′aria": "l' aria",
    "un'ora": "un' ora",
    "un' ora": "un' ora",
    "o'clock": "o' clock",
    "c'è": "c' è",
    "don't": "don't",
    "what’s": "what 's",
    "john's": "john 's",
    "90's": "90 's",
    # addresses and telephone numbers
    "ana.perez@example.com": "ana.perez@example.com",
    "dev-team@example.com": "dev-team@example.com",
    "carla_99@mail.example.net": "carla_99@mail.example.net",
    "ana@example.com.": "ana@example.com",
    "<ana@example.com>": "ana@example.com",
    "ana@example.com's": "ana@example.com 's",
    "example.com’s": "example.com 's",
    "¿ana@example.com?": "ana@example.com",
    "<mailto:ana@example.com|ana@example.com>": "ana@example.com",
    "example.com": "example.com",
    "example.com/x": "example.com/x",
    "www.example.org,": "www.example.org",
    "https://example.com/a?b=c": "https://example.com/a?b=c",
    "http://localhost:8080/x": "http://localhost:8080/x",
    "(http://radio/)": "http://radio/",
    "555-123-4567": "555-123-4567",
    "06-1234567": "06-1234567",
}


@pytest.mark.parametrize(("text", "words"), [*VANISH.items(), *STAY.items()])
def test_what_is_a_token(text: str, words: str) -> None:
    assert [token.text for token in tokenise(text)] == words.split()


def test_there_are_at_least_sixty_of_each() -> None:
    assert min(len(VANISH), len(STAY)) >= 60


@pytest.mark.parametrize("text", ["?", "...", "🙂", "-", "( )", "👍🏽 !", "।", "'"])
def test_a_text_of_nothing_but_marks_keeps_them(text: str) -> None:
    assert "".join(token.text for token in tokenise(text)) == normalise(text).replace(" ", "")


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark.characters[0])
def test_every_character_of_a_row_is_of_its_kind(mark: Mark) -> None:
    assert {kind_of(normalise(each), each) for each in mark.characters} == {mark.characters[0]}
    assert mark.reason


def test_no_character_is_in_two_rows() -> None:
    characters = [each for row in MARKS for each in row.characters]
    assert len(set(characters)) == len(characters)


AROUND = {
    Context.INSIDE: "ab{}cd",
    Context.BEFORE_LETTER: "{}ab",
    Context.BEFORE_DIGIT: "{}12",
    Context.AFTER_LETTER: "ab{}",
    Context.AFTER_INITIAL: "a{}",
    Context.AFTER_DIGIT: "12{}",
    Context.ALONE: "ab {} cd",
}


@pytest.mark.parametrize("context", AROUND, ids=lambda context: context.name)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in "'"])
def test_the_table_decides_in_every_context(kind: str, context: Context) -> None:
    """Apostrophes have a grammar of their own, above."""
    words = [token.text for token in tokenise(AROUND[context].format(kind))]
    assert (kind in words) is is_kept(kind, context)


@pytest.mark.parametrize("char", "†‡¶※‽⸮⁂‰№©®♥★→∞√≤⌘☎①½§¦¬")
def test_a_mark_that_the_table_does_not_name_has_a_kind_by_its_category(char: str) -> None:
    assert len(kind_of(normalise(char), char)) == 1
    assert tokenise(f"play {char} jazz")[0].text == "play"


@pytest.mark.parametrize(
    "chunk", ["a-" * 5_000, "." * 10_000, "a." * 4_999 + "bc", "<" * 10_000, "a@" * 5_000, "1-" * 5_000]
)
def test_ten_thousand_marks_are_cut_in_time(chunk: str) -> None:
    """A quadratic rule would take minutes here, and the suite's own bound would end it."""
    assert len(tokenise(chunk)) <= 10_000
