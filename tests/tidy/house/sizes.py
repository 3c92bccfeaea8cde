"""Functions of at most 70 lines, files of at most 600."""

import ast

from house.tree import Fault

FUNCTION_LINES = 70
FILE_LINES = 600
_FILES = (".cpp", ".hpp", ".py", ".sh", ".cmake", "CMakeLists.txt")


def check(tree):
    for path, text in tree.texts.items():
        lines = text.count("\n")
        script = text.startswith("#!")
        if lines > FILE_LINES and (path.endswith(_FILES) or script):
            yield Fault(path, 1, "file-size", path, f"{lines} lines; at most {FILE_LINES}: two names would say it better")
        if path.endswith(".py") or script and "python" in text.split("\n", 1)[0]:
            yield from _python(path, text)
    for source in tree.sources():
        yield from _cpp(source)


def _long(path, line, name, lines):
    return Fault(path, line, "function-size", name, f"{name} has {lines} lines; at most {FUNCTION_LINES}")


def _cpp(source):
    for block in source.blocks:
        if block.kind != "function" or block.close < 0 or source.inside(block.parent, "function"):
            continue
        first, last = source.line(block.head), source.line(block.close)
        if last - first + 1 > FUNCTION_LINES:
            yield _long(source.path, first, source.function_name(block), last - first + 1)


def _python(path, text):
    try:
        parsed = ast.parse(text)
    except SyntaxError as error:
        yield Fault(path, error.lineno or 1, "python", path, f"not Python: {error.msg}")
        return
    for node in ast.walk(parsed):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno - node.lineno >= FUNCTION_LINES:
            yield _long(path, node.lineno, node.name, node.end_lineno - node.lineno + 1)
