# SPDX-License-Identifier: Apache-2.0
"""C++ names and literals for what a model names."""
from botocore import xform_name

KEYWORDS = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const consteval
    constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do double dynamic_cast
    else enum explicit export extern false float for friend goto if inline int long mutable namespace new noexcept not
    not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return short signed
    sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid
    typename union unsigned using virtual void volatile wchar_t while xor xor_eq""".split())

# Types that the generated code itself uses unqualified.
RESERVED_TYPES = frozenset("Bytes Timestamp Call Result Status Error Handlers".split())


def snake_case(name):
    """A member or operation in snake_case, by the rule of the AWS SDK for Python."""
    snake = xform_name(name)
    return snake + "_" if snake in KEYWORDS else snake


def type_name(shape_name):
    name = shape_name[0].upper() + shape_name[1:]
    return name + "Shape" if name in RESERVED_TYPES else name


def literal(text):
    """A C++ string literal, ASCII only."""
    escaped = []
    for byte in text.encode():
        if byte in (0x22, 0x5C):
            escaped.append("\\" + chr(byte))
        elif 0x20 <= byte < 0x7F:
            escaped.append(chr(byte))
        else:
            escaped.append(f"\\{byte:03o}")
    return '"' + "".join(escaped) + '"'


def input_type(name, operation):
    return type_name(operation["input"]["shape"]) if "input" in operation else name + "Request"


def output_type(name, operation):
    return type_name(operation["output"]["shape"]) if "output" in operation else name + "Response"
