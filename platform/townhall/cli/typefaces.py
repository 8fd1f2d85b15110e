"""Preparing the faces with a word to whoever waits: the first build takes a minute or more."""

from sqlalchemy.orm import Session

from townhall.cli.console import refuse, remarks
from townhall.documents.fonts import Faces
from townhall.documents.lettering import faces_of
from townhall.documents.sources import FontsMissing


def prepared_faces(session: Session) -> Faces:
    """The faces, built now if need be; missing packages are told with the command that installs them."""
    with remarks.status("正在準備字體（首次約需一至三分鐘）…") as status:
        try:
            return faces_of(session, lambda done, total: status.update(f"正在製備字體：{done}/{total}"))
        except FontsMissing as error:
            refuse([error])
