"""Mails as Waybill writes them, read by a parser that nobody here wrote: Python's email package."""

import email
import email.policy
import json
import random
import re
import subprocess
from datetime import datetime, timezone

import pytest

from harness.program import BUILD

SENDER = "waybill@example.com"
MILLIS = 1_767_225_600_125
MAIL = {"subject": "Hello", "content": "How are you?\n", "tos": ["a@example.com"]}
EMOJI = "\N{E-MAIL SYMBOL}"
RIGHT_TO_LEFT = "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET} \N{ARABIC LETTER ALEF}"

SUBJECTS = [
    "Hello", "x", "邮件", "é", EMOJI * 200, "邮" * 332, "s" * 998, "word " * 199 + "end", "a" * 60 + " " + "b" * 61,
    "two  spaces   three", " outer ", "=?utf-8?B?SGk=?=", "=?utf-8?Q?a?= b", "=?", "?=", "a =?x?= b", "100% = 50 + 50 ?_",
    "Re: [list] \"quoted\" <a@b>; (comment), \\ back", "Subject: Bcc: x@y", ":", ".", "é" + "a" * 500, "a" * 500 + " é",
    "a\u200bb", "a\u00a0b", "\ufeffa", RIGHT_TO_LEFT, "e\u0301" * 50, "\U0010ffff", "a\u2028b", "~" * 78, "tail é ",
    "iso =?iso-8859-1?Q?=E9?= é",
]
CONTENTS = [
    "plain", "plain\n", "two\nlines", "crlf\r\nlines\r\n", "lone\rreturn", "\n\nleading\n\n", "mixed\r\r\n\n\rend", "a\n\n\n",
    ".", ".\n", "a\n.\nb\n", "..\n.a\n", "From me\nFrom you\n", ">From x\n", "trailing \nblanks\t\n \n\t\nx", "-- \nsignature",
    "x" * 100_000, "x" * 998 + "\n" + "y" * 999 + "\n" + "z" * 1000, "邮件\n" * 1000, "é", EMOJI * 5000, "= =3D =\n=E9 =?utf-8?B?SGk=?=\n",
    "a" * 75 + "é" + "b" * 75, "\x01\x02\x1b[31m\x7f\x0b\x0c", "tab\tbed\n\tline", "--boundary\n--\n", "Subject: x\n\nbody", RIGHT_TO_LEFT,
    "a" + "\u2028" + "b\u0085c", "\ufeffa", "x\n" * 20_000, "日本語 " * 3000, "begin 644 x\n", "mostly ascii " * 50 + "é",
]
RECIPIENTS = [
    ["a@example.com"], ["a@localhost"], ["\"john doe\"@example.com"], ["\"a,b;c\"@example.com", "b@example.com"],
    [r'"a\"b\\c"@example.com'], ["\"a@b\"@example.com"], ["x@[192.0.2.1]"], ["x@[IPv6:2001:db8::1]"],
    ["!#$%&'*+-/=?^_`{|}~@example.com"], [f"{'u' * 60}{number:02}@{'d' * 60}.example" for number in range(50)],
    ["l" * 64 + "@" + ".".join(["d" * 60] * 3) + ".ex"], ["Case.Kept@Example.COM"],
]
IDS = ["1", "1234567890123456789", "a-b_c", "x" * 64, "x" * 65, "订单/7", "a b", "<a@b>", "a\"b", EMOJI * 50, "a.b", "=?", "é" * 127]


def tool(body, message_id="42", sender=SENDER, millis=MILLIS):
    return subprocess.run([str(BUILD / "mime_tool"), message_id, sender, str(millis)], input=json.dumps(body).encode(),
                          capture_output=True, timeout=20, check=False)


def written(message_id="42", **changes):
    """The bytes of a mail, checked to be what SMTP carries."""
    ended = tool({**MAIL, **changes}, message_id)
    assert ended.returncode == 0, ended.stderr
    raw = ended.stdout
    assert raw.endswith(b"\r\n")
    assert raw.isascii()
    assert b"\0" not in raw
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw), "a bare CR or LF"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return raw


def parsed(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert not mail.defects
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"):
        assert len(mail.get_all(name, [])) == 1, name
        assert not mail[name].defects, (name, mail[name].defects)
    assert len(mail.keys()) == 8, "nothing else"
    return mail


def as_lines(text):
    """What a mail makes of text: CR, LF and CRLF each end a line, and the last line is ended."""
    lines = re.sub(r"\r\n|\r", "\n", text)
    return lines if lines.endswith("\n") else lines + "\n"


def content_of(mail):
    return mail.get_payload(decode=True).decode("utf-8", errors="strict").replace("\r\n", "\n")


def text_of_subject(raw):
    """Decoded by the older decoder of the package, which gives outer blanks as they are."""
    header = re.search(rb"^Subject: (.*?)\r\n(?![ \t])", raw, re.DOTALL | re.MULTILINE).group(1).decode()
    return str(email.header.make_header(email.header.decode_header(re.sub(r"\r\n(?=[ \t])", "", header))))


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda text: ascii(text)[:40])
def test_the_subject_reads_as_it_was_given(subject):
    raw = written(subject=subject)
    mail = parsed(raw)
    assert text_of_subject(raw) == subject
    assert mail["Subject"].strip() == subject.strip()
    for word in re.findall(rb"=\?[^ \r]*\?=", raw):
        assert len(word) <= 75, word


@pytest.mark.parametrize("content", CONTENTS, ids=lambda text: ascii(text)[:40])
def test_the_content_reads_as_it_was_given(content):
    mail = parsed(written(content=content))
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    assert content_of(mail) == as_lines(content)


@pytest.mark.parametrize("tos", RECIPIENTS, ids=lambda tos: tos[0][:40])
def test_the_recipients_read_as_they_were_given(tos):
    mail = parsed(written(tos=tos))
    assert [address.addr_spec for address in mail["To"].addresses] == tos
    assert [address.addr_spec for address in mail["From"].addresses] == [SENDER]


@pytest.mark.parametrize("message_id", IDS, ids=lambda text: ascii(text)[:40])
def test_the_message_id_is_stable_and_well_formed(message_id):
    mail = parsed(written(message_id))
    assert re.fullmatch(r"<[\w=-]+@waybill\.example\.com>", mail["Message-ID"], re.ASCII)
    assert written(message_id) == written(message_id)


def test_message_ids_differ_as_their_ids_do():
    assert len({parsed(written(message_id))["Message-ID"] for message_id in IDS}) == len(IDS)


def test_the_date_is_the_one_given_in_utc():
    assert parsed(written())["Date"].datetime == datetime.fromtimestamp(MILLIS // 1000, timezone.utc)


@pytest.mark.parametrize("seed", range(20))
def test_chance_finds_nothing_that_reads_differently(seed):
    chance = random.Random(seed)
    letters = "aZ9 =?_.-,;:<>()\"\\é邮" + EMOJI + "\u0301\u200b"

    def text(longest, more=""):
        made = "".join(chance.choices(letters + more, k=chance.randint(1, longest)))
        return made if made.strip() else "x"

    subject, content = text(150), text(3000, "\r\n\t\n.F")
    raw = written(subject=subject, content=content)
    assert text_of_subject(raw) == subject
    assert content_of(parsed(raw)) == as_lines(content)


@pytest.mark.parametrize("changes", [
    {"subject": "a\r\nBcc: b@example.com"}, {"subject": "a\nb"}, {"subject": "a\0b"}, {"content": "a\0b"}, {"subject": ""},
    {"tos": ["a@example.com\r\nBcc: b@example.com"]}, {"tos": ["a@example.com>, <b@example.com"]}, {"tos": []},
    {"tos": ["é@example.com"]}, {"content": None},
], ids=ascii)
def test_what_would_break_a_mail_is_refused(changes):
    ended = tool({**MAIL, **changes})
    assert ended.returncode == 1
    assert ended.stdout == b""
    assert next(iter(changes)).encode() in ended.stderr


@pytest.mark.parametrize("sender", ["", "nobody", "a@b\r\nBcc: c@d", "Waybill <a@b>"], ids=ascii)
def test_a_bad_sender_is_refused(sender):
    ended = tool(MAIL, sender=sender)
    assert ended.returncode == 1
    assert b"from" in ended.stderr
