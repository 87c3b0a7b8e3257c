"""Every refusal that can reach a caller has a status and a title, and every row of the table is used."""

from polyparse.errors import InputError, ModelRunFailed, PolyparseError
from service.errors import PROBLEMS, CallerDeparted, ServiceError

BY_THE_ROUTER = {"not_found", "method_not_allowed", "internal_error"}


def leaves(branch: type[PolyparseError]) -> set[type[PolyparseError]]:
    below = branch.__subclasses__()
    return set().union(*map(leaves, below)) if below else {branch}


def test_the_table_holds_exactly_the_codes_that_callers_can_get() -> None:
    raised = (leaves(InputError) | leaves(ServiceError) | {ModelRunFailed}) - {CallerDeparted}
    assert {leaf.code for leaf in raised} | BY_THE_ROUTER == set(PROBLEMS)


def test_bad_input_is_never_blamed_on_the_service() -> None:
    assert all(400 <= PROBLEMS[leaf.code].status < 500 for leaf in leaves(InputError))


def test_each_leaf_has_a_code_of_its_own() -> None:
    codes = [leaf.code for leaf in leaves(PolyparseError)]
    assert len(codes) == len(set(codes))
