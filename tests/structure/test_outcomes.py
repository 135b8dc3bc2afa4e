"""Every number that the ledger counts by is in one table, and what other files say of it agrees."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = (ROOT / "core/include/candor/outcome.h").read_text()
TYPES = (ROOT / "bindings/node/types/index.d.ts").read_text()


def enumerators(kind: str) -> dict[str, int]:
    body = re.search(rf"^enum class {kind} .*?^}};", HEADER, re.MULTILINE | re.DOTALL)[0]
    numbers = {name: int(number) for name, number in re.findall(r"^  (\w+) = (\d+),", body, re.MULTILINE)}
    assert len(numbers) == len(re.findall(r"^  \w+\b.*,", body, re.MULTILINE)), "an enumerator without a number"
    del numbers["none"]
    return numbers


def rows(kind: str) -> list[str]:
    named = re.findall(rf'^    {{{kind}::(\w+), "(\w+)"}},$', HEADER, re.MULTILINE)
    assert all(enumerator == name for enumerator, name in named)
    return [name for name, _ in named]


def test_the_table_has_a_row_for_every_code_and_reason():
    for kind in ("Code", "Reason"):
        assert sorted(rows(kind)) == sorted(enumerators(kind)), kind
    assert rows("Code")[0] == "unknown_event"
    assert rows("Reason")[0] == "spool_full"


def test_no_number_has_two_meanings():
    numbers = [*enumerators("Code").values(), *enumerators("Reason").values()]
    assert len(numbers) == len(set(numbers))


def test_the_types_of_the_node_package_name_the_same():
    for kind in ("Code", "Reason"):
        union = re.search(rf"^export type {kind} =\n(.*?)\n\n", TYPES, re.MULTILINE | re.DOTALL)[1]
        assert re.findall(r"'(\w+)'", union) == rows(kind), kind
