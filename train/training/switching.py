"""The dictionaries of a run that switches codes: read from files, or induced from translations of what is learnt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.errors import ConfigError
from polyparse.text.tokens import tokenise
from train.vectors.dictionary import induced, read_dictionary

if TYPE_CHECKING:
    from polyparse.corpora.augmentation.code_switching import Dictionaries, SwitchConfig
    from train.config import RunConfig
    from train.training.run import Texts
    from train.vectors.dictionary import WordPairs

    Pair = tuple[str, str]


def dictionaries(config: RunConfig, texts: Texts) -> Dictionaries:
    """Those from each locale that is learnt into each other one that the run reads; none where nothing is switched.

    Raises:
        ConfigError: of a pair of locales there is none, or nothing would be switched; it names the option.
        CorpusError: a file is no dictionary.
    """
    switch = config.switch
    if not switch.words:
        return {}
    _check(config)
    learnt = list(dict.fromkeys(example.locale for example in texts.train))
    read = dict.fromkeys([*learnt, *(example.locale for example in texts.unlabelled)])
    pairs = [(source, other) for source in learnt for other in read if source != other]
    of_pairs = _from_files(switch, pairs) if switch.files else _induced(texts, pairs)
    if not any(of_pairs.values()):
        raise ConfigError(
            "switch.words: found no word with a translation into another locale of the run, expected some"
        )
    found: dict[str, list[dict[str, tuple[str, ...]]]] = {source: [] for source in learnt}
    for (source, _), words in of_pairs.items():
        found[source].append(_translations(words))
    return found


def _check(config: RunConfig) -> None:
    """Raise ConfigError for a run that would leave it undone."""
    without = {
        "languages": config.languages is not None,
        "token_crf": config.token_crf is not None,
        "a stream": config.stream.on,
    }
    for name, is_there in without.items():
        if is_there:
            raise ConfigError(f"switch.words: found {config.switch.words:g} in a run with {name}, expected 0")


def _from_files(switch: SwitchConfig, pairs: list[Pair]) -> dict[Pair, WordPairs]:
    """Of the pairs that have a file; each file has to be of one of them."""
    names = {" ".join(pair): pair for pair in pairs}
    for name in switch.files:
        if name not in names:
            raise ConfigError(
                f"switch.files: found {name!r}, expected some of {', '.join(map(repr, names)) or 'none'}"
            )
    return {names[name]: read_dictionary(Path(path).expanduser()) for name, path in switch.files.items()}


def _induced(texts: Texts, pairs: list[Pair]) -> dict[Pair, WordPairs]:
    everything = [*texts.train, *texts.translations]
    return {pair: induced(everything, *pair) for pair in pairs}


def _translations(words: WordPairs) -> dict[str, tuple[str, ...]]:
    """Word -> its translations: other ones than itself, of one token each, so that each has the tag of the word."""
    found: dict[str, tuple[str, ...]] = {}
    for word, other in words:
        if word != other and len(tokenise(other)) == 1:
            found[word] = (*found.get(word, ()), other)
    return found
