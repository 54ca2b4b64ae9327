"""Fuller mails as Waybill writes them, read by Python's email package, which nobody here wrote."""

import base64
import email
import email.header
import email.policy
import email.utils
import json
import os
import random
import re
import subprocess

import pytest

from harness.program import BUILD

SENDER = "waybill@example.com"
MILLIS = 1_767_225_600_125
EMOJI = "\N{E-MAIL SYMBOL}"
MAIL = {"subject": "Hello", "text": "How are you?\n", "to": ["a@example.com"]}
PNG = bytes(range(256)) * 5
SEED = int(os.environ.get("WAYBILL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)


def tool(mail, message_id="42", sender=SENDER):
    body = json.dumps({"mail_version": 2, **mail}).encode()
    return subprocess.run([str(BUILD / "mime_tool"), message_id, sender, str(MILLIS)], input=body, capture_output=True,
                          timeout=60, check=False)


def written(mail, ascii_only=True):
    """The bytes of a mail, checked to be what SMTP carries, and its envelope."""
    ended = tool(mail)
    assert ended.returncode == 0, ended.stderr.decode()
    raw = ended.stdout
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert raw.endswith(b"\r\n")
    assert raw.isascii() if ascii_only else rest.isascii()
    assert b"\0" not in raw
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw), "a bare CR or LF"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not any(line.strip() == b"" for line in head.split(b"\r\n")), "a blank line within the headers"
    for line in head.split(b"\r\n"):
        assert b"=?UTF-8?B?" not in line or len(line) <= 76, line
    for word in re.findall(rb"=\?[Uu][^ \r]*\?=", head):
        assert len(word) <= 75, word
    return raw, ended.stderr.decode().splitlines()


def parsed(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    for part in mail.walk():
        assert not part.defects, part.defects
        for name, value in part.items():
            assert not getattr(value, "defects", None), (name, value, value.defects)
    return mail


def refused(mail):
    ended = tool(mail)
    assert ended.returncode == 1, ended.stdout
    assert ended.stdout == b""
    return ended.stderr.decode()


def attachment(content, filename="a.bin", **more):
    return {"filename": filename, "content": base64.b64encode(content).decode(), **more}


def shape(part):
    """`mixed(related(alternative(plain, html), png), pdf)`."""
    if not part.is_multipart():
        return part.get_content_subtype()
    return f"{part.get_content_subtype()}({', '.join(map(shape, part.iter_parts()))})"


def text_of(part):
    return part.get_payload(decode=True).decode("utf-8").replace("\r\n", "\n")


def as_lines(text):
    lines = re.sub(r"\r\n|\r", "\n", text)
    return lines if lines.endswith("\n") else lines + "\n"


def people(raw, name):
    """Names decoded by the older decoder of the package: the newer one leaves a blank between encoded words."""
    value = email.message_from_bytes(raw)[name]
    mailboxes = [] if value is None else email.utils.getaddresses([re.sub(r"\r?\n(?=[ \t])", "", str(value))])
    return [(address, str(email.header.make_header(email.header.decode_header(text)))) for text, address in mailboxes]


IMAGE = attachment(PNG, "logo.png", content_type="image/png", content_id="logo")
PDF = attachment(b"%PDF", "a.pdf", content_type="application/pdf")


@pytest.mark.parametrize("contents, expected", [
    ({"text": "t"}, "plain"),
    ({"html": "<p>h"}, "html"),
    ({"text": "t", "html": "<p>h"}, "alternative(plain, html)"),
    ({"html": "<p>h", "attachments": [IMAGE]}, "related(html, png)"),
    ({"text": "t", "html": "<p>h", "attachments": [IMAGE]}, "related(alternative(plain, html), png)"),
    ({"text": "t", "html": "<p>h", "attachments": [PDF]}, "mixed(alternative(plain, html), pdf)"),
    ({"text": "t", "html": "<p>h", "attachments": [PDF, IMAGE]}, "mixed(related(alternative(plain, html), png), pdf)"),
    ({"text": "t", "attachments": [IMAGE, PDF]}, "mixed(plain, png, pdf)"),
    ({"attachments": [PDF]}, "pdf"),
    ({"attachments": [PDF, IMAGE]}, "mixed(pdf, png)"),
], ids=str)
def test_there_are_only_as_many_parts_as_there_must_be(contents, expected):
    mail = parsed(written({"to": "a@example.com", **contents})[0])
    assert shape(mail) == expected
    for part in mail.walk():
        if part.get_content_subtype() == "related":
            assert part.get_param("type") == next(part.iter_parts()).get_content_type()
        if part.get_content_subtype() == "png":
            assert part["Content-ID"] == "<logo>"


@pytest.mark.parametrize("filename", ["a.txt", "附件 二〇二六.pdf", "with \"quotes\"; and.txt", "é" * 120, "x" * 255, "a b.txt",
                                      EMOJI * 60, "=?utf-8?B?SGk=?=", "semi;colon=.txt", "100%.txt", "it's.txt"], ids=ascii)
def test_an_attachment_arrives_with_its_name_and_its_bytes(filename):
    for content in (b"", b"\n", PNG, b"\r\n.\r\n\n\r", os.urandom(5_000)):
        mail = parsed(written({**MAIL, "attachments": [attachment(content, filename)]})[0])
        part, = mail.iter_attachments()
        assert part.get_filename() == filename
        assert part.get_payload(decode=True) == content
        assert part.get_content_type() == "application/octet-stream"
        assert part["Content-Disposition"].content_disposition == "attachment"


def test_the_parameters_of_a_content_type_are_kept():
    invitation = attachment(b"BEGIN:VCALENDAR", "a.ics", content_type='text/calendar; method=REQUEST; charset="utf-8"')
    part, = parsed(written({**MAIL, "attachments": [invitation]})[0]).iter_attachments()
    assert part.get_content_type() == "text/calendar"
    assert (part.get_param("method"), part.get_param("charset")) == ("REQUEST", "utf-8")


def test_everyone_is_named_as_they_were_given_and_bcc_is_nowhere():
    names = ["", "Plain Name", "Doe, Jane", 'The "Boss"', "张伟", "Jörg" + " é" * 80, "back\\slash", "x" * 255, "=?utf-8?q?a?=",
             "a.b@c", "  outer  ", "two  spaces"]
    boxes = [{"address": f"u{number}@example.com", "name": name} for number, name in enumerate(names)]
    raw, envelope = written({**MAIL, "from": {"address": "s@example.com", "name": "张伟"}, "to": boxes[:5], "cc": boxes[5:],
                             "bcc": ["Secret <secret@example.com>"], "reply_to": ["r@example.com", "张 <r2@example.com>"]})
    mail = parsed(raw)
    given = [(box["address"], box["name"]) for box in boxes]
    assert people(raw, "To") == given[:5]
    assert people(raw, "Cc") == given[5:]
    assert [box.addr_spec for box in mail["Cc"].addresses] == [address for address, _ in given[5:]]
    assert people(raw, "From") == [("s@example.com", "张伟")]
    assert people(raw, "Reply-To") == [("r@example.com", ""), ("r2@example.com", "张")]
    assert b"ecret" not in raw and b"bcc" not in raw.lower()
    assert envelope == [box["address"] for box in boxes] + ["secret@example.com"]
    assert mail["Message-ID"] == "<42@waybill.example.com>"


def test_a_mail_to_hidden_recipients_alone_names_none():
    raw, envelope = written({"subject": "s", "text": "t", "bcc": "a@example.com, b@example.com"})
    assert envelope == ["a@example.com", "b@example.com"]
    mail = parsed(raw)
    assert mail["To"].addresses == ()
    assert "a@example.com" not in raw.decode()


def test_a_domain_in_any_script_travels_in_ascii():
    raw, envelope = written({**MAIL, "to": "a@bücher.example, b@straße.example", "from": "s@例え.jp"})
    assert envelope == ["a@xn--bcher-kva.example", "b@xn--strae-oqa.example"]
    assert [address for address, _ in people(raw, "To")] == envelope


def test_an_address_that_needs_smtputf8_stands_as_it_is():
    raw, envelope = written({**MAIL, "to": "用户@例え.jp", "reply_to": "jörg@example.com"}, ascii_only=False)
    assert envelope == ["用户@例え.jp"]
    assert "To: 用户@例え.jp\r\n".encode() in raw
    assert "Reply-To: jörg@example.com\r\n".encode() in raw
    mail = email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    assert text_of(mail) == "How are you?\n"
    assert mail["Message-ID"] == "<42@waybill.example.com>"


@pytest.mark.parametrize("subject", ["", " ", "s"])
def test_the_subject_may_be_empty(subject):
    raw, _ = written({**MAIL, "subject": subject})
    assert (parsed(raw)["Subject"] or "").strip() == subject.strip()
    assert raw.count(b"\r\nSubject:") == 1


def test_headers_of_the_callers_own_are_written():
    headers = {"X-Campaign": "spring", "X-Long": "word " * 150 + "end", "X-Json": '{"a":"' + "x" * 880 + '"}', "X-Wide": "活动 " * 90 + "x", "X-" + "N" * 74: "é" * 50,
               "X-Encoded": "=?utf-8?B?SGk=?=", "In-Reply-To": "<1@example.org>",
               "References": " ".join(f"<{number}.abcdefghijklmnop@example.org>" for number in range(40)), "Comments": "é"}
    mail = parsed(written({**MAIL, "headers": headers, "list_unsubscribe": ["https://x.example/u?a=1&b=" + "c" * 300, "mailto:u@x.example"],
                           "list_unsubscribe_post": True})[0])
    for name, value in headers.items():
        assert mail[name].split() == value.split(), name
    assert mail["List-Unsubscribe"].replace(" ", "") == "<https://x.example/u?a=1&b=" + "c" * 300 + ">,<mailto:u@x.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_tags_and_metadata_stay_at_home():
    raw, _ = written({**MAIL, "tags": ["quarterly"], "metadata": {"customer": "c-917"}})
    assert b"quarterly" not in raw and b"917" not in raw


@pytest.mark.parametrize("text", ["--=_" + "0" * 32 + ".mixed\n", "--=_x\n--=_x--\n", ".\n..\n", "From x\n", "a" * 5_000, "邮件" * 2_000, " \n\t\n"],
                         ids=lambda text: ascii(text)[:20])
def test_texts_stay_within_their_parts(text):
    mail = parsed(written({**MAIL, "text": text, "html": text, "attachments": [PDF]})[0])
    assert shape(mail) == "mixed(alternative(plain, html), pdf)"
    assert [text_of(part) for part in next(mail.iter_parts()).iter_parts()] == [as_lines(text)] * 2


@pytest.mark.parametrize("changes, place", [
    ({"subject": "a\r\nBcc: b@example.com"}, "subject"),
    ({"to": ["a@example.com", "b@example.com\r\nBcc: c@example.com"]}, "to[1]"),
    ({"to": {"address": "a@example.com", "name": "x\r\nBcc: c@example.com"}}, "to[0]"),
    ({"cc": "a@example.com\n"}, "cc[0]"), ({"bcc": "a@example.com\0"}, "bcc[0]"), ({"from": "\u0085a@example.com"}, "from"),
    ({"reply_to": "x\x7f <a@example.com>"}, "reply_to[0]"),
    ({"headers": {"X-A": "b\r\nBcc: c@example.com"}}, "headers.X-A"), ({"headers": {"X-A": "b\0"}}, "headers.X-A"),
    ({"headers": {"X-A: b\r\nBcc": "c"}}, "headers.X-A: b"),
    ({"list_unsubscribe": "https://x.example/>\r\nBcc: c"}, "list_unsubscribe[0]"),
    ({"attachments": [attachment(b"", "a\r\nb")]}, "attachments[0].filename"),
    ({"attachments": [attachment(b"", content_type="text/plain\r\nX: y")]}, "attachments[0].content_type"),
    ({"attachments": [attachment(b"", content_id="a>\r\nX: y")]}, "attachments[0].content_id"),
    ({"text": "a\0b"}, "text"), ({"html": "a\0b"}, "html"),
    *(({"headers": {name: "x"}}, f"headers.{name}") for name in (
        "From", "to", "CC", "Bcc", "Date", "Subject", "Message-ID", "Content-Type", "content-x", "MIME-Version", "Received",
        "DKIM-Signature", "Sender", "Reply-To", "Return-Path", "ARC-Seal", "Authentication-Results", "Resent-To",
        "X-Waybill-Id", "List-Unsubscribe", "X-", "Foo")),
], ids=ascii)
def test_what_would_forge_a_mail_is_refused_by_its_place(changes, place):
    assert f"'{place}" in refused({**MAIL, **changes})


def test_chance_finds_nothing_that_reads_differently():
    print("seed", SEED, "(WAYBILL_SEED)")
    chance = random.Random(SEED)
    letters = "aZ9 =?_.-,;:<>()\"\\é邮" + EMOJI + "\u0301"

    def text(longest, more=""):
        made = "".join(chance.choices(letters + more, k=chance.randint(1, longest)))
        return made if made.strip() else "x"

    def filename():
        # The package takes <> and quotes from around a name.
        return "f" + text(60).replace("/", "").replace("\\", "").rstrip()

    for _ in range(60):
        asked = {"subject": text(150), "text": text(2_000, "\r\n\t.F"), "html": text(2_000, "\r\n\t.F"),
                 "to": [{"address": f"u{number}@example.com", "name": text(60)} for number in range(chance.randint(1, 5))],
                 "attachments": [attachment(chance.randbytes(chance.randint(0, 3_000)), filename(),
                                            **({"content_id": f"c{number}"} if chance.random() < 0.5 else {}))
                                 for number in range(chance.randint(0, 4))]}
        raw, _ = written(asked)
        mail = parsed(raw)
        assert mail["Subject"].strip() == asked["subject"].strip()
        assert people(raw, "To") == [(box["address"], box["name"]) for box in asked["to"]]
        texts = {part.get_content_type(): text_of(part) for part in mail.walk() if part.get_content_maintype() == "text"}
        assert texts == {"text/plain": as_lines(asked["text"]), "text/html": as_lines(asked["html"])}
        read = {(part.get_filename(), part.get_payload(decode=True)) for part in mail.walk() if part.get_filename()}
        assert read == {(given["filename"], base64.b64decode(given["content"])) for given in asked["attachments"]}
