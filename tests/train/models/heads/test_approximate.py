"""A CRF decoded by mean field: what the two inferences must agree on."""

from __future__ import annotations

import pytest

from polyparse.errors import ConfigError
from tests.oracles.cases import random_case, random_head
from train.models.heads.approximate import mean_field_of


def test_one_token_has_no_neighbours_and_so_exact_marginals() -> None:
    crf = random_head("crf", "IO", 5, seed=0)
    case = random_case(len(crf.tags), [1, 1, 1], seed=1, restricted=True)
    actual, expected = mean_field_of(crf).decode(*case), crf.decode(*case)
    assert actual.path_RT.equal(expected.path_RT)
    assert actual.marginals_RT.allclose(expected.marginals_RT)
    assert actual.log_prob_R.allclose(expected.log_prob_R, atol=1e-6)


def test_confident_emissions_get_the_viterbi_path() -> None:
    crf = random_head("crf", "BIO", 5, seed=0)
    case = random_case(len(crf.tags), [9, 1, 4], seed=1, spread=0.1)
    path_BT = crf.decode(*random_case(len(crf.tags), [9, 1, 4], seed=2)).path_RT
    case.emissions_BTK.scatter_add_(2, path_BT[:, :, None], case.emissions_BTK.new_full((3, 9, 1), 50.0))
    assert mean_field_of(crf).decode(*case).path_RT.equal(crf.decode(*case).path_RT)


def test_a_head_that_is_no_crf_is_refused() -> None:
    with pytest.raises(ConfigError, match="found a Softmax head, expected a CRF"):
        mean_field_of(random_head("softmax", "IO", 1, seed=0))
