"""What we change in a vendored file, and why: the text of a file of npm enters, ours leaves.

A patch names the text that it replaces, which must be there exactly once: an upgrade that moves it is noticed by
`make explorer`, not by people in the browser. Nothing is fetched or written here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from graph.errors import TrellisError


class PatchError(TrellisError):
    """A file is not the one that a patch was written for."""

    def __init__(self, name: str, patch: "Patch", times: int) -> None:
        super().__init__(
            f'{name} has the text of the patch "{patch.why}" {times} times, not once; look whether that is mended'
            " there, and take the patch away or write it anew."
        )


class Patch(NamedTuple):
    """One replacement."""

    why: str
    before: str
    after: str


AS_WRITTEN = 'c=i.createElement("code",{title:"Change this in the query."},(0,o.print)(a))'

PATCHES: dict[str, Sequence[Patch]] = {
    "graphiql.min.js": (
        Patch(
            "what a subscription is refused with is shown, and besides is an uncaught error in the console",
            "complete:()=>{n.return()},error:e=>{n.throw(e)}",
            "complete:()=>{n.return()},error:e=>{n.throw(e).catch(()=>{})}",
        ),
    ),
    "plugin-explorer.min.js": (
        Patch(
            "the first field of the pane takes the focus, and the first keystrokes, from the query",
            "!e||!t||t instanceof HTMLTextAreaElement||(e.focus(),e.setSelectionRange(0,e.value.length))",
            "!e||!t",
        ),
        # GraphQL takes a single value for a list of one, so that what the pane writes back means the same.
        # Source: https://spec.graphql.org/October2021/#sec-List.Input-Coercion
        Patch(
            "lists in arguments are an error in the console; one of a single value can be shown as that value",
            'if(a)if("Variable"===a.kind)',
            'if(a&&"ListValue"===a.kind&&1===a.values.length&&(a=a.values[0]),a)if("Variable"===a.kind)',
        ),
        Patch(
            "longer lists, null and JSON are an empty field, which deletes them when somebody types; show their text",
            "else if((0,o.isScalarType)(u))c=",
            'else if("ListValue"===a.kind||"NullValue"===a.kind||"ObjectValue"===a.kind&&!(0,o.isInputObjectType)(u))'
            f"{AS_WRITTEN};else if((0,o.isScalarType)(u))c=",
        ),
        # The question for the schema asks which inputs these are (files/fetching.js).
        Patch(
            "an input of which one field alone may be given (@oneOf) gets a second one; hand on that it is one",
            "i.createElement(O,{key:t,arg:f[t],",
            "i.createElement(O,{key:t,oneOf:u.isOneOf,arg:f[t],",
        ),
        Patch(
            "an input of which one field alone may be given gets a second one; put the field in the place of the other",
            "modifyFields([].concat(l(t.fields||[]),[u]),!0)",
            "modifyFields([].concat(i.props.oneOf?[]:l(t.fields||[]),[u]),!0)",
        ),
        Patch(
            "an enum value that is not finished yet is an error in the console",
            'console.error("arg mismatch between arg and selection",u,a);else if',
            f"{AS_WRITTEN};else if",
        ),
        Patch(
            "an object that is not finished yet is an error in the console",
            'else console.error("arg mismatch between arg and selection",u,a);var',
            f"else {AS_WRITTEN};var",
        ),
    ),
}
"""The patches of each file, by our name for it."""


def patched(name: str, content: bytes) -> bytes:
    """The content with the patches of that file. Raises `PatchError` for a file that they were not written for."""
    if name not in PATCHES:
        return content
    text = content.decode("utf-8")
    for patch in PATCHES[name]:
        if text.count(patch.before) != 1:
            raise PatchError(name, patch, text.count(patch.before))
        text = text.replace(patch.before, patch.after)
    return text.encode("utf-8")
