"""The order of system calls: an answer leaves only after the sync that makes its row durable, and a delivery is
acknowledged only after the sync that makes the record of its effect durable.

An acknowledgement need not be a call to the system, so the program is asked to write a line to stderr just before each."""

import re

SQLITE_LOG = "-wal>"
# In the classic form, and of a message of an array.
ANSWERED = re.compile(r'\\"(?:msgId\\":\\"(\d+)\\"|id\\":\\"(\d+)\\",\\"status\\")')
DELIVERED = re.compile(r'"fault point before_ack: delivery (\d+)/(\d+) (\S+)\\n"')
ACKED = re.compile(r'"fault point before_ack: ack (\d+)/(\d+)( multiple)?\\n"')


class WriteAheadLog:
    """When something first stood in the write-ahead log, and when that was synced. `place` is in the names of its files."""

    def __init__(self, calls, place):
        of_log = [call for call in calls if place in call.text]
        self._writes = [call for call in of_log if call.name in ("pwrite64", "write")]
        self._syncs = [call for call in of_log if call.name in ("fdatasync", "fsync")]
        self._written = {}  # text -> end of the first write that carries it

    def problem(self, text, before):
        """Why `text` was not durable when the call `before` began; nothing if it was."""
        if text not in self._written:
            self._written[text] = next((write.end for write in self._writes if text in write.text), None)
        written = self._written[text]
        if written is None or written > before.begin:
            return "written"
        if not any(written < sync.begin and sync.end < before.begin for sync in self._syncs):
            return "synced"
        return None


def check_answers(calls, place=SQLITE_LOG):
    """Of every id answered with 200: was its row durable? (number of answers, problems)"""
    log = WriteAheadLog(calls, place)
    problems, answers = [], 0
    for call in calls:
        if call.name not in ("sendto", "sendmsg", "write", "writev") or "HTTP/1.1 200" not in call.text:
            continue
        for found in ANSWERED.findall(call.text):
            message_id = found[0] or found[1]
            answers += 1
            problem = log.problem(message_id, call)
            if problem:
                problems.append(f"{message_id} was answered before it was {problem}")
    return answers, problems


def check_sends(calls, ids, port, place):
    """Of every id: was its row durable when it was first sent to anybody but the database server at this port?
    (number of ids, problems)"""
    log = WriteAheadLog(calls, place)
    sends = [call for call in calls if call.name in ("sendto", "sendmsg", "writev") and f"127.0.0.1:{port}" not in call.text]
    problems = []
    for message_id in ids:
        first = next((call for call in sends if message_id in call.text), None)
        assert first, f"{message_id} was sent to nobody"
        problem = log.problem(message_id, first)
        if problem:
            problems.append(f"{message_id} was sent before it was {problem}")
    return len(ids), problems


def acknowledgements(calls):
    """(message id, call) of every delivery that was acknowledged."""
    in_hand = {}  # (epoch, number) -> message id
    for call in calls:
        if delivered := DELIVERED.search(call.text):
            epoch, number, message_id = delivered.groups()
            in_hand[int(epoch), int(number)] = message_id
        elif acked := ACKED.search(call.text):
            epoch, number = int(acked[1]), int(acked[2])
            covered = [tag for tag in in_hand if tag[0] == epoch and
                       (tag[1] <= number if acked[3] else tag[1] == number)]
            assert (epoch, number) in covered, "what was acknowledged had been delivered"
            for tag in covered:
                yield in_hand.pop(tag), call


def check_acks(calls, place=SQLITE_LOG):
    """Of every acknowledged delivery: was the record of its effect durable? It names the file that the mail became,
    and no earlier state of the row does. (number of acknowledgements, problems)"""
    log = WriteAheadLog(calls, place)
    problems, acks = [], 0
    for message_id, call in acknowledgements(calls):
        acks += 1
        problem = log.problem(f"/{message_id}.waybill", call)
        if problem:
            problems.append(f"{message_id} was acknowledged before its finish was {problem}")
    return acks, problems
