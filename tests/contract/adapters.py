"""Which adapters of a port there are, read from the code, so that none is forgotten."""

import ast
from pathlib import Path

_BOT = Path(__file__).parent.parent.parent / "bot"


def adapters_of(port: str, folder: str, method: str) -> set[str]:
    """Names of the classes in a folder of `bot` that implement a port.

    Both those that say so (`_conforms: type[Port] = Adapter`) and those that have the method which
    only this port has, in case somebody forgot the line.
    """
    found: set[str] = set()
    for path in sorted((_BOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.AnnAssign(
                    annotation=ast.Subscript(value=ast.Name("type"), slice=ast.Name(named)),
                    value=ast.Name(adapter),
                ) if named == port:
                    found.add(adapter)
                case ast.ClassDef(name=adapter, body=body):
                    if any(isinstance(x, ast.AsyncFunctionDef) and x.name == method for x in body):
                        found.add(adapter)
                case _:
                    pass
    assert found, f"no adapter of {port} in bot/{folder}"
    return found
