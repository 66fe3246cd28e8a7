"""Texts of the package that keep a promise, and what breaks each of them."""

from __future__ import annotations

from dataclasses import dataclass

RESUME = "tests/forwarding/test_resume.py"
STOPPING = "tests/forwarding/test_stopping.py"
REFUSALS = "tests/forwarding/test_refusals.py"
SENDING = "tests/forwarding/test_sending.py"
PIPELINE = "tests/forwarding/test_pipeline.py"
PROGRESS = "tests/forwarding/test_progress.py"
SUSPICION = "tests/forwarding/test_suspicion.py"
NAMED_FAILURES = "tests/forwarding/test_named_failures.py"
DOWN = "tests/forwarding/test_down.py"
ROUTER = "tests/forwarding/test_router.py"


@dataclass(frozen=True)
class Mutant:
    """A promise, the file that keeps it, a text in it and what breaks it, and the tests for it."""

    promise: str
    file: str
    text: str
    broken: str
    tests: tuple[str, ...]


def mutant(promise: str, file: str, text: str, broken: str, *tests: str) -> Mutant:
    return Mutant(promise, file, text, broken, tests)


MUTANTS = [
    mutant(
        "the lease is checked before each request",
        "forwarding/file_run.py",
        "before=lease.hold,",
        "before=lambda: None,",
        STOPPING,
    ),
    mutant(
        "a lease that was given back allows no request",
        "forwarding/lease.py",
        "        if self._closed:\n",
        "        if False:\n",
        "tests/forwarding/test_lease.py",
    ),
    mutant(
        "a lost lease is remembered",
        "forwarding/lease.py",
        "                self._lost = error\n",
        "",
        "tests/forwarding/test_lease.py",
    ),
    mutant(
        "a lease is renewed before it runs out",
        "forwarding/lease.py",
        "self._renew_at = saved_at + self._seconds / 3",
        "self._renew_at = saved_at + self._seconds * 3",
        "tests/forwarding/test_lease.py",
    ),
    mutant(
        "nothing is published after a failed save",
        "forwarding/lease.py",
        "if self._failed is None and self._clock.monotonic() < self._renew_at:",
        "if self._clock.monotonic() < self._renew_at:",
        "tests/forwarding/test_lease.py",
    ),
    mutant(
        "a write is tried again",
        "forwarding/lease.py",
        "if late or self._closed or self._clock.monotonic() + pause > until:",
        "if True:",
        STOPPING,
    ),
    mutant(
        "what came in is compared with what went out",
        "forwarding/progress.py",
        "        self._accounting.check(position)\n",
        "",
        "tests/forwarding/test_accounting.py",
    ),
    mutant(
        "lines are accounted for",
        "forwarding/accounting.py",
        "if lines != self._lines_read:",
        "if False:",
        "tests/forwarding/test_accounting.py",
    ),
    mutant(
        "inferences are accounted for",
        "forwarding/accounting.py",
        "if self._rows_read != self._rows_settled:",
        "if False:",
        "tests/forwarding/test_accounting.py",
    ),
    mutant(
        "requests behind a batch that failed are counted",
        "forwarding/progress.py",
        "            self._accounting.asked(one.sending.take())\n",
        "            pass\n",
        "tests/forwarding/test_accounting.py",
    ),
    mutant(
        "the position stays before the first line that has no quarantine",
        "forwarding/rejections.py",
        "if self._first_lost is None or before < self._first_lost[0]:",
        "if self._first_lost is None:",
        STOPPING,
    ),
    mutant(
        "without a quarantine a rejected line fails its file",
        "forwarding/rejections.py",
        "        if self._first_lost is None:\n            return\n",
        "        return\n",
        PIPELINE,
    ),
    mutant(
        "a batch that failed is not skipped when the rest is settled",
        "forwarding/progress.py",
        "            raise outcome.error\n",
        "            self._batches.popleft()\n            raise outcome.error\n",
        STOPPING,
    ),
    mutant(
        "the position moves only over what is settled",
        "forwarding/progress.py",
        "self._settled = head.batch.position_after(outcome.settled)",
        "self._settled = head.batch.position",
        RESUME,
        REFUSALS,
    ),
    mutant(
        "what is settled of a batch is saved while it takes long",
        "forwarding/progress.py",
        "            if self._settled > self.saved:\n                self.save()\n",
        "            if self._settled > self.saved:\n",
        PROGRESS,
    ),
    mutant(
        "rejections are in quarantine before the position moves past them",
        "forwarding/progress.py",
        "        if self._quarantine(self._settled):\n",
        "        if True:\n",
        RESUME,
        STOPPING,
    ),
    mutant(
        "no more is unsaved than may be sent twice",
        "forwarding/progress.py",
        "while self.in_flight >= self._limit:",
        "while self.in_flight > self._limit:",
        PROGRESS,
    ),
    mutant(
        "after an interruption one batch is at stake",
        "forwarding/progress.py",
        "self._is_cautious = start > Position()",
        "self._is_cautious = False",
        REFUSALS,
        PROGRESS,
    ),
    mutant(
        "batches wait for their turn to be split",
        "forwarding/sending.py",
        "        while not self._turn.wait(_LOOK_SECONDS):\n",
        "        while False:\n",
        REFUSALS,
    ),
    mutant(
        "halving looks at the deadline",
        "forwarding/attempts.py",
        "        access.deadline.check()\n",
        "",
        REFUSALS,
        SENDING,
    ),
    mutant(
        "a refused row is in quarantine before it counts",
        "forwarding/sending.py",
        "        self._access.keep(found)\n",
        "",
        REFUSALS,
    ),
    mutant(
        "a platform that refuses everything has its file held",
        "forwarding/refusing.py",
        "if self._may_hold and self._held is None and self._is_too_much():",
        "if False:",
        REFUSALS,
    ),
    mutant(
        "a stretch of bad rows does not hold a file",
        "forwarding/settled.py",
        "for share in _ELSEWHERE if rows",
        "for share in () if rows",
        REFUSALS,
    ),
    mutant(
        "a request that is not answered in time is made smaller",
        "forwarding/attempts.py",
        "if error.timed_out and access.shrink(len(batch)):",
        "if False:",
        STOPPING,
    ),
    mutant(
        "what stalls is left alone",
        "forwarding/pipeline.py",
        "if watched.ends_within(left + _TO_RETURN):",
        "if watched.ends_within(30):",
        STOPPING,
    ),
    mutant(
        "an invocation that advances nothing is a failure",
        "forwarding/continuing.py",
        "if error.report is None or not error.report.advanced:",
        "if error.report is None:",
        RESUME,
    ),
    mutant(
        "each file of an event gets some of the time",
        "forwarding/turns.py",
        "max(now + share, self._end - self._files * _SECONDS_TO_ADVANCE)",
        "self._end",
        STOPPING,
    ),
    mutant(
        "a continuation for a route that is gone fails",
        "forwarding/forwarder.py",
        "        if gone or broken:\n",
        "        if broken:\n",
        STOPPING,
    ),
    mutant(
        "what the queue handed out most often goes first",
        "forwarding/forwarder.py",
        "-messages[index].receives",
        "0",
        STOPPING,
    ),
    mutant(
        "whatever the parser raises is its line's alone",
        "forwarding/file_run.py",
        "        except Exception as error:  # noqa: BLE001 - a line from outside",
        "        except ValueError as error:  # noqa: BLE001 - a line from outside",
        STOPPING,
    ),
    mutant(
        "values that do not fit hold their file",
        "forwarding/file_run.py",
        "        if share > most:\n",
        "        if False:\n",
        STOPPING,
    ),
    mutant(
        "a call with many rows is resumed within its line",
        "forwarding/file_run.py",
        "        self._rows_done = start.rows\n",
        "        self._rows_done = 0\n",
        STOPPING,
    ),
    mutant(
        "where a route has written is never taken as input",
        "forwarding/router.py",
        "self._outputs |= {",
        "self._outputs = {",
        ROUTER,
    ),
    mutant(
        "versions of a file are told apart",
        "aws/objects.py",
        'revision = changed if version == "null" else version',
        "revision = changed",
        "tests/aws/test_s3.py",
    ),
    mutant(
        "contents of a file without versions are told apart",
        "aws/objects.py",
        'revision = changed if version == "null" else version',
        "revision = version",
        "tests/aws/test_s3.py",
    ),
    mutant(
        "the ledger knows which content of a file is done",
        "forwarding/pipeline.py",
        "LedgerKey(capture_file.bucket, capture_file.key, opened.revision, options.route)",
        'LedgerKey(capture_file.bucket, capture_file.key, "", options.route)',
        RESUME,
    ),
    mutant(
        "what was quarantined of one content is not overwritten by another's",
        "core/quarantine_entry.py",
        'capture_file.version_id or first.revision or "unversioned"',
        'capture_file.version_id or "unversioned"',
        "tests/local/test_quarantine.py",
    ),
    mutant(
        "a continuation names the version",
        "triggers/continuation.py",
        'described["versionId"] = capture_file.version_id',
        "pass",
        "tests/triggers/test_triggers.py",
    ),
    mutant(
        "a message about no new file is no dead letter",
        "triggers/notification.py",
        '    "ObjectRemoved",\n',
        "",
        "tests/triggers/test_triggers.py",
    ),
    mutant(
        "an event that S3 does not have is not taken for one about no new file",
        "triggers/notification.py",
        'if kind != "ObjectCreated":',
        "if False:",
        "tests/triggers/test_triggers.py",
    ),
    mutant(
        "a redrive keeps a backfill behind new files",
        "aws/queues.py",
        'message.group or ("redrive" if fifo else None)',
        "message.group if fifo else None",
        "tests/cli/test_dead_letters.py",
    ),
    mutant(
        "redirects are not followed",
        "publishers/http.py",
        "allow_redirects=False",
        "allow_redirects=True",
        "tests/publishers/test_http_redirects.py",
    ),
    mutant(
        "a row that the platform fails at is told from an outage",
        "forwarding/attempts.py",
        "if error.may_be_a_row and (enough or (error.timed_out and doubt_after)):",
        "if False:",
        SUSPICION,
    ),
    mutant(
        "a row is blamed only while the platform takes others",
        "forwarding/suspicion.py",
        "while rounds < _ROUNDS + self._passing + unclear:",
        "while False:",
        SUSPICION,
    ),
    mutant(
        "an outage has no batch searched",
        "forwarding/suspicion.py",
        "if any(map(self._takes, others[:1] if failing.error.timed_out else others)):",
        "if True:",
        SUSPICION,
    ),
    mutant(
        "a row that the platform names with a failure is told from an outage",
        "forwarding/attempts.py",
        "may_be_a_row=left.said.keys() == set(left.rows),",
        "may_be_a_row=False,",
        NAMED_FAILURES,
    ),
    mutant(
        "a failure that is named reaches the judgement",
        "publishers/arthur/answers.py",
        "    return Receipt(refused, again, wait if again else None, failed)\n",
        "    return Receipt(refused, again, wait if again else None)\n",
        "tests/publishers/arthur/test_publisher.py",
    ),
    mutant(
        "a platform of which a part is down has none of many rows blamed",
        "forwarding/suspicion.py",
        "        return len(failing.said) > most\n",
        "        return False\n",
        NAMED_FAILURES,
    ),
    mutant(
        "a platform that names a time to come back has no row blamed",
        "forwarding/attempts.py",
        "left.said = failed if receipt.retry_after is None else {}",
        "left.said = failed",
        NAMED_FAILURES,
    ),
    mutant(
        "a platform that goes down while rows are judged has none blamed",
        "forwarding/suspicion.py",
        "        if again is not None and before.said and not again.said:\n",
        "        if False:\n",
        NAMED_FAILURES,
    ),
    mutant(
        "a row that is sent once more counts once",
        "forwarding/settled.py",
        "            self._published += count\n",
        "            self._published += len(rows)\n",
        NAMED_FAILURES,
    ),
    mutant(
        "a row that was accepted is not refused when it is sent once more",
        "forwarding/attempts.py",
        "for row in self._settled.open([*said])})",
        "for row in said})",
        NAMED_FAILURES,
    ),
    mutant(
        "of rows with one id none is sent before its turn or once more",
        "forwarding/attempts.py",
        "if count[name] == 1}",
        "if count[name]}",
        NAMED_FAILURES,
    ),
    mutant(
        "no row is blamed when the time is up",
        "forwarding/attempts.py",
        "            if left.requests < tries:\n",
        "            if False:\n",
        SUSPICION,
    ),
    mutant(
        "a row that is never answered does not make later requests small",
        "forwarding/suspicion.py",
        "            self._access.size_was_not_it()\n",
        "            pass\n",
        SUSPICION,
    ),
    mutant(
        "a busy platform blames no row",
        "publishers/http.py",
        "may_be_a_row=bool(rows) and status not in _BUSY and wait is None,",
        "may_be_a_row=bool(rows),",
        "tests/publishers/test_http_failures.py",
    ),
    mutant(
        "one that cannot be reached blames no row",
        "publishers/http.py",
        "may_be_a_row=bool(rows) and _broke_off(cause)",
        "may_be_a_row=bool(rows)",
        "tests/publishers/test_http_failures.py",
    ),
    mutant(
        "a row that the platform fails at holds up no other file",
        "forwarding/down.py",
        "return None if error is None or _may_be_a_row(error) else error",
        "return error",
        DOWN,
    ),
    mutant(
        "a platform that fails at a second file is left alone",
        "forwarding/down.py",
        "if was_in_doubt and isinstance(other, PlatformUnavailableError):",
        "if False:",
        DOWN,
    ),
    mutant(
        "a platform that seems to be down is tried once with another file",
        "forwarding/pipeline.py",
        "options = dataclasses.replace(options, retry_seconds=0.0)",
        "pass",
        DOWN,
    ),
    mutant(
        "a schema that never comes does not have the invocation killed",
        "forwarding/route.py",
        'lambda: self._preparation.parser(deadline), "the platform", self._ports.clock, deadline',
        'lambda: self._preparation.parser(deadline), "the platform", self._ports.clock, None',
        DOWN,
    ),
    mutant(
        "a routes file that never comes does not have the invocation killed",
        "forwarding/forwarder.py",
        "                invocation.deadline,\n",
        "                None,\n",
        DOWN,
    ),
    mutant(
        "a lease is renewed while one publish outlasts it",
        "forwarding/progress.py",
        "            self._lease.hold()\n",
        "            pass\n",
        "tests/forwarding/test_lease.py",
    ),
    mutant(
        "too many named refusals hold a file",
        "forwarding/refusing.py",
        "                    return refusals[:count]\n",
        "                    return refusals\n",
        "tests/forwarding/test_named_refusals.py",
    ),
    mutant(
        "a route says how many rows may be refused",
        "forwarding/file_run.py",
        "RefusalWatch(options.max_refused)",
        "RefusalWatch(0.25)",
        "tests/forwarding/test_named_refusals.py",
    ),
    mutant(
        "a prefix to write at leaves room for the rest of a key",
        "settings/addresses.py",
        "if (size := len(prefix.encode())) > LONGEST_PREFIX:",
        "if (size := len(prefix.encode())) > 1024:",
        "tests/settings/test_settings.py",
    ),
    mutant(
        "spans that are rejected in part are no success",
        "publishers/otlp/answers.py",
        "    if rejected:\n",
        "    if False:\n",
        "tests/publishers/otlp/test_answers.py",
    ),
    mutant(
        "nothing is sent to an experiment that is not there",
        "publishers/otlp/schema.py",
        "HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST",
        "HTTPStatus.BAD_REQUEST",
        "tests/publishers/otlp/test_publisher.py",
    ),
    mutant(
        "conversations are redacted as rows are",
        "parser/__init__.py",
        "    if mapping.redact:\n",
        "    if mapping.redact and not mapping.conversations:\n",
        "tests/parser/redaction/test_values.py",
    ),
    mutant(
        "a hash cannot be made without the key",
        "parser/redaction/values.py",
        "hmac.new(key, written, sha256)",
        'hmac.new(b"", written, sha256)',
        "tests/parser/redaction/test_values.py",
    ),
]
