"""Learning from sources against a discriminator: who moves in which step, which way, and by batches of what.

Axes: L languages.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import islice
from math import log
from typing import TYPE_CHECKING, NamedTuple

import pytest
import torch

from polyparse.text.vectorizer import Vectorizer, collate
from tests.train.corpus import examples
from tests.train.tiny import TINY, Gold, losses
from tests.train.training.planes import moved, values
from train.compute import CPU, Compute
from train.config import OptimConfig
from train.data.task import TextTables, build_targets, build_task, collect_labels
from train.models.discriminator import Discriminator, DiscriminatorConfig, LanguagesConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import BatchTensors
from train.objectives.languages import FromSources, Language, LanguagesOfText, shared_encoder
from train.schedule import Warmup
from train.training.learner import Learner, Updates
from train.training.sampler import Part, Sampler
from train.training.trainer import Opponent, build_network

if TYPE_CHECKING:
    from train.config import RunConfig
    from train.models.joint import JointNetwork

SOURCES, TARGET = ("en-US", "es-ES"), "hi-IN"
SHARED = EncoderConfig(hidden_size=6, layers=1, dropout=0.3)
PRIVATE = replace(SHARED, kind="expert-bilstm", experts=len(SOURCES))
CONFIG = replace(
    TINY,
    joint=replace(
        TINY.joint,
        encoder=EncoderConfig(kind="parallel", parts={"shared": SHARED, "private": PRIVATE}),
        head="softmax",
        experts=len(SOURCES),
        mlp_size=8,
    ),
)
AGAINST = DiscriminatorConfig(filters=8, hidden_size=8, weight=0.5, updates=2)


class Setting(NamedTuple):
    """A network that has learnt nothing, and what it may learn from."""

    network: JointNetwork
    languages: list[Language]
    discriminator: Discriminator
    optimised: Learner
    critic: Learner

    def from_sources(self, config: LanguagesConfig, *, against: bool = True) -> FromSources:
        discriminator = self.discriminator if against else None
        return FromSources(self.network, self.languages, config, discriminator, batch_size=4)

    def of_text(self) -> LanguagesOfText:
        return LanguagesOfText(self.network, self.languages, self.discriminator, batch_size=4)


def read(config: RunConfig) -> tuple[TextTables, list[Language]]:
    train = [one for one in examples() if one.locale in {*SOURCES, TARGET}]
    tables, labels = TextTables.build(train, config), collect_labels(train, config.scheme)
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    languages = []
    for locale in (*SOURCES, TARGET):
        items, targets = build_targets([one for one in train if one.locale == locale], labels, vectorizer)
        languages.append(Language(locale, items, targets if locale in SOURCES else ()))
    return tables, languages


def setting(config: RunConfig = CONFIG, *, optimiser: str = "AdamW", rate: float = 0.01) -> Setting:
    tables, languages = read(config)
    train = [one for one in examples() if one.locale in SOURCES]
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    task = build_task(train, (), collect_labels(train, config.scheme), vectorizer)
    network = build_network(task, tables, config)
    discriminator = Discriminator(shared_encoder(network).output_size, len(languages), AGAINST)
    optim = OptimConfig(learning_rate=rate, warmup_share=0.0)
    updates = Updates(
        optimiser=partial(getattr(torch.optim, optimiser), lr=optim.learning_rate),
        schedule=partial(Warmup, optim=optim),
    )
    learners = [Learner(module.train(), updates, Compute(CPU)) for module in (network, discriminator)]
    return Setting(network, languages, discriminator, *learners)


def test_the_discriminators_step_moves_nothing_but_the_discriminator() -> None:
    """All of its parameters move, and no gradient is left on the network."""
    one = setting()
    objective = one.of_text()
    network, discriminator = values(one.network), values(one.discriminator)
    for batch in islice(objective.batches(0, 1), 2):
        one.critic.update(objective, batch, 0.5)
    assert not moved(one.network, network)
    assert moved(one.discriminator, discriminator) == set(discriminator)
    assert all(parameter.grad is None for parameter in one.network.parameters())


def test_the_networks_step_moves_nothing_of_the_discriminator() -> None:
    one = setting()
    objective = one.from_sources(LanguagesConfig(discriminator=AGAINST))
    network, discriminator = values(one.network), values(one.discriminator)
    for batch in islice(objective.batches(0, 1), 2):
        one.optimised.update(objective, batch, 0.5)
    assert not moved(one.discriminator, discriminator)
    assert moved(one.network, network) == set(network)
    assert all(parameter.grad is None for parameter in one.discriminator.parameters())
    assert all(parameter.requires_grad for parameter in one.discriminator.parameters())


def test_against_the_discriminator_alone_only_the_shared_encoder_and_what_it_reads_move() -> None:
    one = setting(replace(CONFIG, joint=replace(CONFIG.joint, alpha=0.0, beta=0.0)), optimiser="SGD")
    objective = one.from_sources(LanguagesConfig(gate_weight=0.0, discriminator=AGAINST))
    before = values(one.network)
    for batch in islice(objective.batches(0, 1), 2):
        one.optimised.update(objective, batch, 0.5)
    names = moved(one.network, before)
    assert names >= {
        name for name in before if name.startswith(("encoder.parts.shared.", "embedder.filters."))
    }
    assert all(name.startswith(("encoder.parts.shared.", "embedder.")) for name in names)


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_a_step_of_the_network_raises_the_loss_of_the_discriminator_it_learns_against(weight: float) -> None:
    """From labels the shared encoder learns nothing here; with lambda 0 the loss stays what it is, to the bit."""
    joint = replace(CONFIG.joint, alpha=0.0, beta=0.0, embedding_dropout=0.0)
    one = setting(replace(CONFIG, joint=joint), optimiser="SGD")
    of_text = one.of_text()
    for batch in islice(of_text.batches(0, 1), 4):
        one.critic.update(of_text, batch, 0.5)
    against = replace(AGAINST, weight=weight)
    objective = one.from_sources(LanguagesConfig(gate_weight=0.0, discriminator=against))
    batch = next(iter(objective.batches(0, 2)))

    def loss() -> float:
        one.network.eval()
        one.discriminator.eval()
        measured = objective.loss(batch, Compute(CPU)).parts["language"].detach() / (-weight or 1.0)
        of_languages = of_text.loss(batch, Compute(CPU)).parts["language"].detach()
        assert weight == 0.0 or float(measured) == pytest.approx(len(one.languages) * float(of_languages))
        return float(of_languages)

    before = loss()
    one.optimised.update(objective, batch, 0.5)
    assert loss() > before if weight else loss() == before


def test_without_lambda_and_gate_loss_a_run_against_a_discriminator_is_one_without_it_to_the_bit() -> None:
    """The turns of the discriminator and the dropout in what it reads are no part of what the network learns."""
    runs = []
    for against in (replace(AGAINST, weight=0.0), None):
        one = setting()
        config = LanguagesConfig(gate_weight=0.0, discriminator=against)
        parts = [Part(one.from_sources(config, against=against is not None), one.optimised)]
        order = None
        if against is not None:
            opponent = Opponent(one.of_text(), one.critic, against.updates)
            parts.append(Part(opponent.objective, opponent.learner))
            order = opponent.order
        before = values(one.discriminator)
        torch.manual_seed(3)
        for place, batch in Sampler(parts, order).draw(0, 7):
            parts[place].learner.update(parts[place].objective, batch, 0.5)
        assert bool(moved(one.discriminator, before)) == (against is not None)
        runs.append(values(one.network))
    assert all(value.equal(runs[1][name]) for name, value in runs[0].items())


def test_the_discriminator_has_its_turns_before_each_of_the_network() -> None:
    one = setting()
    opponent = Opponent(one.of_text(), one.critic, 2)
    parts = [Part(one.from_sources(LanguagesConfig(discriminator=AGAINST)), one.optimised)]
    parts.append(Part(opponent.objective, opponent.learner))
    places = [place for place, _ in Sampler(parts, opponent.order).draw(0, 1)]
    assert places == [1, 1, 0] * len(parts[0].objective.batches(0, 1))


def test_gates_learn_which_language_a_token_is_of_by_their_own_loss() -> None:
    """Sums over two sources and three gates, of which each starts near log 2."""
    one = setting(replace(CONFIG, joint=replace(CONFIG.joint, alpha=0.0, beta=0.0)), rate=0.1)
    objective = one.from_sources(LanguagesConfig(gate_weight=1.0), against=False)
    before = values(one.network)
    seen = []
    for seed in range(20):
        for batch in objective.batches(0, seed):
            loss = one.optimised.update(objective, batch, 0.5)
            assert loss is not None
            seen.append(float(loss.parts["gates"].detach()))
    assert seen[0] == pytest.approx(6 * log(2), rel=0.1)
    assert sum(seen[-20:]) / 20 < 0.8 * seen[0]
    gates = {f"{place}.mixture.gate" for place in ("encoder.parts.private", "slots", "intent")}
    assert {name.rpartition(".")[0] for name in moved(one.network, before)} >= gates
    gradients = {
        name for name, each in one.network.named_parameters() if each.grad is not None and each.grad.any()
    }
    assert {name.rpartition(".")[0] for name in gradients} == gates


def test_an_iteration_reads_a_batch_of_each_language_and_a_pass_lasts_their_geometric_mean() -> None:
    one = setting()
    short = [
        replaced._replace(items=replaced.items[:3], targets=replaced.targets[:3])
        for replaced in one.languages
    ]
    languages = [one.languages[0], short[1], short[2]]
    objective = FromSources(
        one.network, languages, LanguagesConfig(discriminator=AGAINST), one.discriminator, batch_size=1
    )
    batches = objective.batches(0, 5)
    assert len(batches) == round((len(languages[0].items) * 3) ** 0.5)
    drawn = list(batches)
    assert len(drawn) == len(batches)
    assert list(objective.batches(0, 5)) == drawn
    assert list(objective.batches(0, 6)) != drawn
    assert all(len(each.labelled) == 2 and len(each.unlabelled) == 3 for each in drawn)
    counts = Counter(place for each in drawn for place in each.labelled[1])
    assert set(counts) == {0, 1, 2}
    assert max(counts.values()) - min(counts.values()) <= 1, "what is used up begins anew"
    assert [each.unlabelled[0] for each in drawn] != [each.labelled[0] for each in drawn]


def test_losses_of_slots_are_means_over_tokens_summed_over_the_sources() -> None:
    joint = replace(CONFIG.joint, embedding_dropout=0.0)
    one = setting(replace(CONFIG, joint=joint))
    one.network.eval()
    objective = one.from_sources(LanguagesConfig(), against=False)
    batch = next(iter(objective.batches(0, 1)))
    loss = objective.loss(batch, Compute(CPU))
    expected = {"intent": 0.0, "slot": 0.0}
    for language, positions in zip(one.languages, batch.labelled, strict=False):
        for position in positions:
            item, target = language.items[position], language.targets[position]
            gold = Gold(
                BatchTensors.of(collate([item])), torch.tensor([target.intent]), torch.tensor([target.tags_T])
            )
            intent, slot = losses(one.network, gold).detach().tolist()
            expected["intent"] += intent / len(positions)
            expected["slot"] += slot / item.n_tokens / len(positions)
    assert {name: float(loss.parts[name].detach()) for name in expected} == pytest.approx(expected, rel=1e-5)
    assert loss.size == sum(map(len, batch.labelled))
