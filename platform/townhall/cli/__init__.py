"""The command line: the same operations as the web, with exit codes that mean something.

0 done · 1 unexpected fault · 2 bad input, nothing written · 3 done in part, the report says what is missing.
"""

import click

from townhall.cli import rollouts  # noqa: F401 - its commands join those of releases
from townhall.cli.archives import export_centre, import_centre
from townhall.cli.audit import audit
from townhall.cli.conflicts import conflicts
from townhall.cli.counties import county
from townhall.cli.doctor import doctor
from townhall.cli.explaining import explain
from townhall.cli.extracting import adopt, extract
from townhall.cli.fleet import apply, plan, provision
from townhall.cli.packs import pack
from townhall.cli.people import user
from townhall.cli.printing import render
from townhall.cli.releases import release
from townhall.cli.setup import demo, init, serve
from townhall.cli.township import township
from townhall.cli.work import work


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="townhall")
def main() -> None:
    """Townhall：鄉鎮便民服務中心的開通、文件、資金與標準維護。"""


for command in (
    init,
    serve,
    work,
    demo,
    provision,
    plan,
    apply,
    explain,
    extract,
    adopt,
    render,
    release,
    conflicts,
    county,
    import_centre,
    export_centre,
    township,
    pack,
    user,
    audit,
    doctor,
):
    main.add_command(command)
