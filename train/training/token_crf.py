"""Training the CRF over token features of a run: periods of L-BFGS, each saved and logged. A stopped run resumes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.errors import ConfigError
from polyparse.text.features import FeatureTable
from train.baselines.crf_objective import TaggedTokens
from train.baselines.crf_trainer import TokenCrfTrainer
from train.data.task import build_targets
from train.models.heads.crf import Crf
from train.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from train.checkpoint import Checkpoint
    from train.models.token_crf import TokenCrfConfig
    from train.training.run import RunContext, Texts

NETWORK, STATE = "network-0", "training-0"


def check(run: RunContext) -> None:
    """Raise ConfigError for a run that starts from another one, has teachers or is not to learn on the CPU."""
    if run.parents.start is not None or run.parents.teachers:
        raise ConfigError("token_crf: found a run to start from or to be taught by, expected neither")
    if run.device.type != "cpu":
        raise ConfigError(
            f"--device {run.device.type}: found token_crf, which learns on the CPU, expected cpu"
        )


def learn(run: RunContext, config: TokenCrfConfig, texts: Texts) -> None:
    """Train what the checkpoint does not have yet; its table of token features becomes that of the features kept.

    The table is written last, so that a network of another size is one whose table is still to be written.
    """
    checkpoint = run.checkpoint
    labels, tables, saved = checkpoint.labels(), checkpoint.tables(), checkpoint.find(NETWORK)
    if tables.token_features is None:
        raise ConfigError(f"{checkpoint.folder}: found no token_features.npy, expected what the run wrote")
    if saved is not None and len(saved["weights_FK"]) == 1 + tables.n_token_features:
        return
    items, targets = build_targets(texts.train, labels, tables.vectorizer(texts.tokenised))
    tokens = TaggedTokens(items, targets, n_features=tables.n_token_features)
    trainer = TokenCrfTrainer(tokens, Crf(labels.tags, labels.scheme), config)
    if (state := checkpoint.find(STATE)) is not None:
        trainer.restore(state, where=f"{checkpoint.folder}/{STATE}.pt")
    while not trainer.finished:
        if trainer.converged:
            trainer.prune()
        with run.progress.stage(f"slots, {len(trainer.features)} features", config.max_iterations) as step:
            while not trainer.converged:
                _run_period(checkpoint, trainer, len(items), step)
    checkpoint.save(NETWORK, trainer.weights())
    checkpoint.save("token_features", FeatureTable(tables.token_features.hashes[trainer.features - 1]))


def _run_period(
    checkpoint: Checkpoint, trainer: TokenCrfTrainer, n_utterances: int, step: Callable[[int], None]
) -> None:
    """Train, save and log one period; a line of the log has the objective for each utterance, as losses of networks are."""
    started = Stopwatch()
    value = trainer.run_period(step)
    checkpoint.save(STATE, trainer.state())
    line = {"network": "all", "epoch": trainer.periods, "features": len(trainer.features)}
    checkpoint.log({**line, "slot_loss": round(value / n_utterances, 4), **started.read()})
