"""Reads C++ as far as the house rules need it: tokens, and what each brace opens.

No preprocessor and no types: text only, so that it is quick and works on files that do not compile. It relies on
clang-format having laid out the file.
"""

import bisect
import dataclasses
import functools
import re

_LEXEME = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<number>\.?\d(?:'?[\w.]|[eEpP][+-])*)
      | (?P<char>'(?:\\.|[^'\\\n])+')
      | (?P<directive>^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n/]|/(?![/*]))*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<mark2>->|::|&&|\|\||[{}()\[\];:,<>=?.&*!~+\-/%|^@])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE)
_INCLUDE = re.compile(r'\s*#\s*include\s*(?P<name><[^>]+>|"[^"]+")')
_CONTROL = {"if", "for", "while", "switch", "catch", "else", "do", "try"}
_AFTER_PARAMETERS = {"const", "noexcept", "override", "final", "mutable", "&", "&&", "else", "do", "try"}
_OPENING, _CLOSING = {"(": ")", "[": "]", "{": "}"}, {")": "(", "]": "[", "}": "{"}


@dataclasses.dataclass
class Token:
    text: str
    start: int
    kind: str  # word, mark, number, string


@dataclasses.dataclass
class Block:
    """What stands between two braces. Indices are of tokens; `head` is where its statement begins."""

    kind: str  # namespace, class, enum, function, lambda, control, init
    head: int
    open: int
    parent: "Block | None"
    close: int = -1


class Source:
    """One file of C++."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tokens, self.comments, self.includes = [], [], []
        self._lines = [0] + [match.end() for match in re.finditer("\n", text)]
        for match in _LEXEME.finditer(text):
            self._add(match)

    def _add(self, match):
        kind, start = match.lastgroup, match.start()
        if kind == "comment":
            self.comments.append((self.line_at(start), match.group()))
        elif kind == "directive":
            include = _INCLUDE.match(match.group())
            if include:
                self.includes.append((self.line_at(match.end() - 1), include["name"]))
        else:
            text = '""' if kind in ("string", "raw", "mark", "char") else match.group()
            self.tokens.append(Token(text, start, {"mark2": "mark"}.get(kind, "string" if text == '""' else kind)))

    def line_at(self, position):
        return bisect.bisect_right(self._lines, position)

    def line(self, index):
        """The line, counted from 1, on which a token stands."""
        return self.line_at(self.tokens[index].start)

    @functools.cached_property
    def lines(self):
        return self.text.splitlines()

    def words(self, first, last):
        """Texts of the tokens in [first, last)."""
        return [token.text for token in self.tokens[first:last]]

    def first(self, wanted, start, end):
        """Index of the first token `wanted` in [start, end), or -1."""
        return next((i for i in range(start, end) if self.tokens[i].text == wanted), -1)

    @functools.cached_property
    def pairs(self):
        """Index of the partner of each bracket, in both directions."""
        partner, stack = {}, []
        for index, token in enumerate(self.tokens):
            if token.text in _OPENING and token.kind == "mark":
                stack.append(index)
            elif token.text in _CLOSING and token.kind == "mark":
                if stack and self.tokens[stack[-1]].text == _CLOSING[token.text]:
                    opening = stack.pop()
                    partner[opening], partner[index] = index, opening
        return partner

    @functools.cached_property
    def _structure(self):
        return _Structure(self)

    @property
    def blocks(self):
        return self._structure.blocks

    @property
    def statements(self):
        """(first token, one past the last, enclosing block or None), for every statement of every block."""
        return self._structure.statements

    def inside(self, block, kind):
        """Whether a block, or one around it, is of a kind."""
        while block is not None:
            if block.kind == kind:
                return True
            block = block.parent
        return False

    def block_head(self, block):
        return self.words(block.head, block.open)

    def function_name(self, block):
        """`Class::Name`; for a test `Suite.Name`."""
        parenthesis = self.first("(", block.head, block.open)
        if parenthesis < 0:
            return " ".join(self.block_head(block))
        start = parenthesis
        while start > block.head and (self.tokens[start - 1].kind == "word" or self.tokens[start - 1].text in "::~"):
            start -= 1
            if self.tokens[start].kind == "word" and self.tokens[start - 1].text not in ("::", "~"):
                break
        name = "".join(self.words(start, parenthesis))
        if name.startswith("TEST") or name.startswith("TYPED_TEST"):
            return "".join(self.words(parenthesis + 1, self.pairs[parenthesis])).replace(",", ".")
        return name


class _Structure:
    """One walk over the tokens that finds out what each brace is."""

    def __init__(self, source):
        self.source, self.blocks, self.statements = source, [], []
        self.levels = [[None, 0]]  # [block, start of the current statement]
        self.depth = [0]           # open ( and [ per level
        for index, token in enumerate(source.tokens):
            if token.kind == "mark":
                self._step(index, token.text)
        self._end_statement(len(source.tokens))

    def _step(self, index, text):
        if text in "([":
            self.depth[-1] += 1
        elif text in ")]":
            self.depth[-1] -= 1
        elif text == "{":
            self._open(index)
        elif text == "}":
            self._close(index)
        elif text == ";" and self.depth[-1] == 0:
            self._end_statement(index + 1)
        elif text == ":" and self.depth[-1] == 0 and self._is_label(index):
            self.levels[-1][1] = index + 1

    def _is_label(self, index):
        first = self.levels[-1][1]
        words = self.source.words(first, index)
        return bool(words) and (words[0] in ("case", "default") or words[-1] in ("public", "private", "protected"))

    def _end_statement(self, end):
        block, start = self.levels[-1]
        if end > start:
            self.statements.append((start, end, block))
        self.levels[-1][1] = end

    def _open(self, index):
        parent, head = self.levels[-1]
        block = Block(self._kind(head, index, parent), head, index, parent)
        self.blocks.append(block)
        self.levels.append([block, index + 1])
        self.depth.append(0)

    def _close(self, index):
        if len(self.levels) == 1:
            return
        self._end_statement(index)
        block, _ = self.levels.pop()
        self.depth.pop()
        block.close = index
        if block.kind in ("namespace", "function", "control") and self.depth[-1] == 0:
            self._end_statement(index + 1)

    def _kind(self, head, index, parent):
        source = self.source
        words = self._without_templates(head, index)
        outer = parent is None or parent.kind in ("namespace", "class")
        if not words:
            return "init" if parent is not None and parent.kind == "init" else "control"
        before = words[-1]
        if "namespace" in words[:2] or words[0] == "extern" and before == '""':
            return "namespace"
        if "concept" in words or before in ("=", "(", ",", "return", "co_return", "co_yield", "?"):
            return "init"
        flat = self._flat(words)
        if "(" not in flat and "=" not in flat and {"class", "struct", "union", "enum"} & set(flat):
            return "enum" if "enum" in flat else "class"
        if before in _AFTER_PARAMETERS and not outer and before in ("else", "do", "try"):
            return "control"
        if before == "]":
            opening = source.pairs.get(index - 1, head)
            array = opening > head and (source.tokens[opening - 1].kind == "word" or
                                        source.tokens[opening - 1].text in ")]")
            return "init" if array and source.tokens[opening - 1].text != "return" else "lambda"
        if before == ")" or before in _AFTER_PARAMETERS or self._has_trailing_type(head, index):
            return self._callable(head, index, outer)
        if outer and before == "}" and "(" in flat and ":" in flat:
            return "function"
        return "init"

    def _callable(self, head, index, outer):
        """Something with parameters, or a control statement."""
        source, at = self.source, index - 1
        while at > head and source.tokens[at].text != ")":
            at -= 1
        if outer and self.depth[-1] == 0 and "=" not in self._flat(source.words(head, index)):
            return "function"
        opening = source.pairs.get(at, head)
        previous = source.tokens[opening - 1].text if opening > head else ""
        if previous in _CONTROL or previous == "constexpr":
            return "control"
        if previous == "]" or source.tokens[at].text != ")":
            return "lambda"
        if outer and self.depth[-1] == 0:
            return "function"  # operator= and the like
        return "lambda" if previous in (">", "noexcept") else "control"

    def _has_trailing_type(self, head, index):
        """`) … -> Type {` and `] -> Type {`."""
        source, at = self.source, index - 1
        while at > head and source.tokens[at].text not in (";", "{", "}", "="):
            if source.tokens[at].text == "->" and source.tokens[at - 1].text in (")", "]", "mutable", "const", "noexcept"):
                return True
            at = source.pairs.get(at, at) - 1 if source.tokens[at].text in (")", "]") else at - 1
        return False

    def _without_templates(self, head, index):
        """The words of a statement's head without `template <…>` and attributes."""
        words, skip, result, at = self.source.words(head, index), 0, [], 0
        while at < len(words):
            if words[at] == "template" and at + 1 < len(words) and words[at + 1] == "<":
                at, skip = at + 2, 1
                while at < len(words) and skip:
                    skip += {"<": 1, ">": -1}.get(words[at], 0)
                    at += 1
                continue
            if words[at:at + 2] == ["[", "["]:
                while at < len(words) and words[at:at + 2] != ["]", "]"]:
                    at += 1
                at += 2
                continue
            result.append(words[at])
            at += 1
        return result

    @staticmethod
    def _flat(words):
        """Words outside of brackets; an opening parenthesis itself counts as outside."""
        depth, result = 0, []
        for word in words:
            if word in _CLOSING:
                depth -= 1
            if depth == 0:
                result.append(word)
            if word in _OPENING:
                depth += 1
        return result
