"""Every refusal that can reach a caller has a status and a title, and every row of the table is used."""

from polyparse.errors import (
    BundleNotFound,
    CandidateServes,
    InputError,
    ModelRunFailed,
    PolyparseError,
    StateChanged,
    StateInvalid,
    StateLocked,
)
from service.errors import ADMINISTRATION, PROBLEMS, CallerDeparted, ServiceError

BY_THE_ROUTER = {"method_not_allowed", "internal_error"}
BY_EDITS = {BundleNotFound, CandidateServes, StateChanged, StateInvalid, StateLocked}


def leaves(branch: type[PolyparseError]) -> set[type[PolyparseError]]:
    below = branch.__subclasses__()
    return set().union(*map(leaves, below)) if below else {branch}


def test_the_table_holds_exactly_the_codes_that_callers_can_get() -> None:
    raised = (leaves(InputError) | leaves(ServiceError) | {ModelRunFailed} | BY_EDITS) - {CallerDeparted}
    assert {leaf.code for leaf in raised} | BY_THE_ROUTER == set(PROBLEMS)


def test_what_only_administrators_hear_is_in_the_table() -> None:
    assert PROBLEMS.keys() >= ADMINISTRATION >= {leaf.code for leaf in BY_EDITS}


def test_bad_input_is_never_blamed_on_the_service() -> None:
    assert all(400 <= PROBLEMS[leaf.code].status < 500 for leaf in leaves(InputError))


def test_each_leaf_has_a_code_of_its_own() -> None:
    codes = [leaf.code for leaf in leaves(PolyparseError)]
    assert len(codes) == len(set(codes))
