"""Forms of the plain tables: fields written out one by one, and what is wrong with them in the reader's language.

No field stands for a relation or a collection: what a form leaves out, it cannot empty.
"""

from collections.abc import Mapping
from types import MappingProxyType

from wtforms import (  # type: ignore[import-untyped]
    BooleanField,
    DateField,
    Form,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional  # type: ignore[import-untyped]

from townhall.lookups.models import DayKind
from townhall.lookups.operations import LONGEST
from townhall.web.language import msgid, translate

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "This field is required.": msgid("這一項必填"),
        "Not a valid date value.": msgid("不是有效的日期，請按 2026-10-01 的格式填寫"),
        "Not a valid choice.": msgid("請從列表中選擇"),
        "Invalid Choice: could not coerce.": msgid("請從列表中選擇"),
        "Field cannot be longer than %(max)d characters.": msgid("最多 %(max)d 個字"),
    }
)
OTHERWISE = msgid("填寫有誤，請檢查後再保存")
DAY_KINDS: Mapping[str, str] = MappingProxyType(
    {DayKind.OFF.value: msgid("放假"), DayKind.WORK.value: msgid("調休上班")}
)
YES_NO: Mapping[bool, str] = MappingProxyType({True: msgid("是"), False: msgid("否")})


class Words:
    """What WTForms says, in the reader's language; what we have no words for is said in general."""

    def gettext(self, text: str) -> str:
        """One of WTForms' messages."""
        return translate(WORDS.get(text, OTHERWISE))

    def ngettext(self, _one: str, many: str, _number: int) -> str:
        """The same for messages with a number: Chinese has one form of them."""
        return self.gettext(many)


class TableForm(Form):
    """A form of a plain table."""

    class Meta:
        """Where the messages come from."""

        def get_translations(self, _form: Form) -> Words:
            """The same for every form."""
            return Words()


def tidied(text: str | None) -> str:
    """A text as it was typed, without white space around it; a field that was not sent is empty."""
    return (text or "").replace("\r\n", "\n").strip()


def line(label: str, longest: int, *, required: bool = False, hint: str = "") -> StringField:
    """One line of text."""
    checks = [*([InputRequired()] if required else [Optional()]), Length(max=longest)]
    return StringField(label, validators=checks, filters=[tidied], description=hint)


def day_kinds() -> list[SelectChoice]:
    """The kinds of day to choose from, in the reader's language."""
    return [SelectChoice(kind, translate(words)) for kind, words in DAY_KINDS.items()]


class AccountForm(TableForm):
    """What may be changed of an account by others."""

    name = line(msgid("姓名或崗位"), 60, required=True)


class GrantForm(TableForm):
    """A role for an account in a unit; what there is to choose from depends on who asks."""

    account = SelectField(msgid("賬號"), validators=[InputRequired()])
    role = SelectField(msgid("角色"), validators=[InputRequired()])
    unit = SelectField(msgid("單位"), validators=[InputRequired()])


class HolidayForm(TableForm):
    """A day that differs from the week's rhythm."""

    date = DateField(msgid("日期"), validators=[InputRequired()])
    kind = SelectField(
        msgid("類別"),
        choices=day_kinds,
        validators=[InputRequired()],
    )
    name = line(msgid("名稱"), LONGEST["holiday"]["name"], required=True, hint=msgid("例如：國慶節"))
    source = line(msgid("依據"), LONGEST["holiday"]["source"], hint=msgid("通知的名稱和文號，日後核對用"))


class SupplierForm(TableForm):
    """Somebody that things are bought from."""

    name = line(msgid("名稱"), LONGEST["supplier"]["name"], required=True)
    credit_code = line(
        msgid("統一社會信用代碼"), 40, hint=msgid("18 位，填寫後會核對校驗碼；個人等沒有代碼的可留空")
    )
    contact = line(msgid("聯繫人"), LONGEST["supplier"]["contact"])
    phone = line(msgid("電話"), LONGEST["supplier"]["phone"])
    note = TextAreaField(
        msgid("備註"),
        validators=[Optional(), Length(max=LONGEST["supplier"]["note"])],
        filters=[tidied],
    )
    active = BooleanField(msgid("在用"), default=True, description=msgid("不再往來的改為停用，不必刪除"))
