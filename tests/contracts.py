"""What import-linter has no contract for; `pyproject.toml` names it, `make lint` checks it."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output

SUITES, CHECKS = "autograder.suites", "checks"


class AssignmentsApart(Contract):
    """What belongs to one assignment is imported by nothing but itself.

    An assignment is a folder in `autograder/suites/`, with one of the same name in `checks/`:
    neither another assignment nor the engine may import from them by name.
    """

    type_name = "assignments_apart"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import of a module that is an assignment's."""
        names = {
            module.rpartition(".")[2]
            for module in graph.find_children(SUITES)
            if graph.find_children(module)
        }
        wrong = [
            (importer, module)
            for module in sorted(graph.modules)
            if (owner := owner_of(module, names))
            for importer in sorted(graph.find_modules_that_directly_import(module))
            if owner_of(importer, names) != owner
        ]
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that may not be."""
        for importer, module in check.metadata["wrong"]:
            output.print_error(f"{importer} imports {module}, which is another assignment's")


def owner_of(module: str, names: set[str]) -> str:
    """The assignment that a module belongs to, "" if it is everyone's."""
    for folder in (SUITES, CHECKS):
        if module.startswith(f"{folder}."):
            name = module.removeprefix(f"{folder}.").partition(".")[0]
            return name if name in names else ""
    return ""
