"""`anju bundle` and `anju keys`: what a technician flashes, and who may sign it; the making is in `anju.bundle`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anju.cli import grammar, passphrases, screen, values
from anju.service.errors import ServiceError
from anju.service.i18n import _

if TYPE_CHECKING:
    from anju.bundle import Bundle


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    bundles = typer.Typer(
        cls=grammar.Group,
        rich_markup_mode=None,
        help=_("Make and check what nodes run: bytecode, signed or not."),
    )
    keys = typer.Typer(cls=grammar.Group, rich_markup_mode=None, help=_("Make the keys that releases are signed with."))
    app.add_typer(bundles, name="bundle")
    app.add_typer(keys, name="keys")
    json_option = typer.Option("--json", help=_("Print one JSON object."))
    path_argument = typer.Argument(metavar="DIR", help=_("The bundle's folder."))

    @bundles.command(cls=grammar.Command, help=_("Compile the firmware for one board into a folder."))
    def build(
        board: Annotated[str, typer.Option(metavar="B", help=_("Which board, such as qemu_ast1030."))],
        key: Annotated[
            Path | None, typer.Option(metavar="FILE", help=_("Release key to sign with; unsigned if not given."))
        ] = None,
        number: Annotated[
            int | None,
            typer.Option(
                metavar="N",
                min=1,
                max=0xFFFF_FFFF,
                help=_("Nodes take only higher ones; if not given, the time of the last change to the source."),
            ),
        ] = None,
        out: Annotated[
            Path | None, typer.Option(metavar="DIR", help=_("Folder for the bundle; bundle-B here if not given."))
        ] = None,
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _build(board, key, number, out or Path(f"bundle-{board}"), json)

    @bundles.command(cls=grammar.Command, help=_("Say what a bundle is, after a look at all of its files."))
    def show(path: Annotated[Path, path_argument], json: Annotated[bool, json_option] = False) -> None:
        from anju.bundle import Bundle

        _show(Bundle.open(path), json)

    @bundles.command(cls=grammar.Command, help=_("Check a bundle's files and its signature, as a node will."))
    def verify(
        path: Annotated[Path, path_argument],
        key: Annotated[Path, typer.Option(metavar="FILE", help=_("Public half of the release key."))],
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _verify(path, key, json)

    @keys.command(
        "new-release",
        cls=grammar.Command,
        help=_("Make a release key: one half to keep, one for nodes."),
    )
    def new_release(
        out: Annotated[
            Path, typer.Option(metavar="DIR", help=_("Folder for both halves; this one if not given."))
        ] = Path(),
        passphrase: Annotated[
            bool, typer.Option("--passphrase", help=_("Ask for a passphrase that protects the private half."))
        ] = False,
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _new_release(out, passphrase, json)

    @keys.command(
        "new-root",
        cls=grammar.Command,
        help=_("Make the root key of a site that has none; anju init makes one."),
    )
    def new_root(
        site: Annotated[
            Path,
            values.site_option(),
        ] = Path(),
    ) -> None:
        from anju.service import root_key, settings

        told_root_key(root_key.create(settings.load(site).folder))


def _build(board: str, key: Path | None, number: int | None, out: Path, json: bool) -> None:
    from anju import bundle
    from anju.bundle import keys

    signer = keys.load_private(key, _ask_passphrase) if key else None
    bundle.build(board, out, signer, number)
    _show(bundle.Bundle.open(out), json)
    if json:
        return
    if signer is None:
        screen.hint(_("It is for development: a node that was given a release key refuses it."))
        screen.hint(
            _("To sign: anju keys new-release, then anju bundle build --board %(board)s --key FILE") % {"board": board}
        )


def _show(bundle: "Bundle", json: bool, signed_by: str | None = None) -> None:
    """What a bundle is; `signed_by` is the fingerprint of the key whose signature was verified."""
    told = bundle.manifest
    if json:
        facts = told.model_dump() | {"bytes": bundle.bytecode_bytes, "signed": bundle.signature is not None}
        screen.as_json(facts | ({"signed_by": signed_by} if signed_by else {}))
        return
    if signed_by:
        signature = _("signed with the release key %(key)s") % {"key": signed_by}
    elif bundle.signature:
        signature = _("signed; by whom, says anju bundle verify")
    else:
        signature = _("not signed")
    screen.say(
        _("Bundle %(version)s for %(board)s, number %(number)d: %(folder)s")
        % {"version": told.version, "board": told.board, "number": told.number, "folder": bundle.folder},
        _("%(count)d files, %(bytes)d bytes of bytecode (mpy %(mpy)d), all whole; %(signature)s")
        % {"count": len(told.files), "bytes": bundle.bytecode_bytes, "mpy": told.mpy & 0xFF, "signature": signature},
    )


def _verify(path: Path, key: Path, json: bool) -> None:
    from anju.bundle import Bundle, keys

    public_key = keys.load_public(key)
    bundle = Bundle.open(path)
    bundle.check_signature(public_key)
    _show(bundle, json, keys.fingerprint(public_key))


def _new_release(out: Path, with_passphrase: bool, json: bool) -> None:
    from anju.bundle import keys

    private, public_key = keys.create(out, _ask_new_passphrase() if with_passphrase else None)
    public, mark = private.with_name(keys.PUBLIC), keys.fingerprint(public_key)
    if json:
        screen.as_json({"private": str(private), "public": str(public), "fingerprint": mark})
        return
    screen.say(_("Release key %(key)s") % {"key": mark})
    screen.hint(_("Private half: %(file)s. Keep it, and a copy, where only you can read it.") % {"file": private})
    screen.hint(_("Public half, for nodes and for anju bundle verify: %(file)s") % {"file": public})
    screen.hint(_("A node that was given it takes only bundles signed with this key."))


def told_root_key(private: Path) -> None:
    """What its owner has to do with a new root key."""
    screen.hint(
        _("The estate's root key: %(file)s. Take it away and keep it, with a copy: no service needs it.")
        % {"file": private}
    )


def _ask_passphrase() -> str:
    _check_terminal()
    return passphrases.typed(_("Passphrase of the release key: "))


def _ask_new_passphrase() -> str:
    _check_terminal()
    return passphrases.typed_twice(_("Passphrase for the new release key: "), _("No release key was made."))


def _check_terminal() -> None:
    if not sys.stdin.isatty():
        raise ServiceError(
            _("A passphrase is needed, and there is no terminal to type it in."),
            _("Nothing was changed."),
            _("Type the command in a terminal, or use a release key without a passphrase."),
        )
