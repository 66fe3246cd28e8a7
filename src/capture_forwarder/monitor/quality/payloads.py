"""Predictions and labels in the lines that Model Monitor writes, by its attributes.

A captured response or a label is found as Model Monitor finds it: in CSV by the position of a
column, in JSON by a JMESPath or JSONPath. When a call held several, each has an id of its own, as
the forwarder gives it: the call's id, `_` and its position from 0.

The format: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
"""

from __future__ import annotations

from capture_forwarder.monitor.engines.port import literal

_ID = (
    "coalesce(json_extract_string(json, '/eventMetadata/inferenceId'), "
    "json_extract_string(json, '/eventMetadata/eventId'))"
)
_TIME = "json_extract_string(json, '/eventMetadata/inferenceTime')"
_SOURCE = "json_extract_string(json, '/eventMetadata/invocationSource')"
RESPONSE = (
    "coalesce(json_extract(json, '/captureData/endpointOutput'), "
    "json_extract(json, '/captureData/batchTransformOutput'))"
)
LABEL = "json_extract(json, '/groundTruthData')"

_TEXT = """CASE json_extract_string(payload, '/encoding')
    WHEN 'BASE64' THEN decode(from_base64(json_extract_string(payload, '/data')))
    ELSE json_extract_string(payload, '/data') END"""
_IS_JSON = """(json_extract_string(payload, '/encoding') = 'JSON'
    OR (json_extract_string(payload, '/encoding') IS DISTINCT FROM 'CSV'
        AND regexp_matches(text, '^\\s*[\\[{]')))"""
# A cell, quoted or not; a comma before the first makes all of them alike.
_CELLS = """regexp_extract_all(',' || record, ',("(?:[^"]|"")*"|[^,]*)', 1)"""
_UNQUOTED = (
    "nullif(CASE WHEN {cell}[1] = '\"' THEN replace({cell}[2:-2], '\"\"', '\"') "
    "ELSE trim({cell}) END, '')"
)


def values_sql(lines: str, payload: str, attributes: tuple[str | None, ...]) -> str:
    """Write the SQL that finds values in a payload of each line.

    Parameters
    ----------
    lines
        A SELECT with a column `json`: one line in each row.
    payload
        The SQL for the payload: `RESPONSE` or `LABEL`.
    attributes
        Where the values are. None gives null; `*` gives every cell of CSV, or the items of a JSON
        list, as an entry of its own.

    Returns
    -------
    str
        A SELECT with the columns line, id, time, and v0, v1 and so on: one for each attribute.
    """
    found = ", ".join(f"{_entries(one)} AS e{n}" for n, one in enumerate(attributes))
    longest = ", ".join(f"coalesce(len(e{n}), 0)" for n in range(len(attributes)))
    values = ", ".join(f"e{n}[entry] AS v{n}" for n in range(len(attributes)))
    names = ", ".join(f"v{n}" for n in range(len(attributes)))
    return f"""
    WITH numbered AS (SELECT row_number() OVER () AS line, json FROM ({lines})),
    calls AS (
        SELECT line, {_ID} AS id, {_TIME} AS time, {payload} AS payload FROM numbered
        WHERE {_SOURCE} IS DISTINCT FROM 'ShadowExperiment'),
    texts AS (
        SELECT line, id, time, payload, coalesce({_TEXT}, '') AS text FROM calls
        WHERE payload IS NOT NULL),
    records AS (
        SELECT line, id, time, is_json, unnest(parts) AS record,
            generate_subscripts(parts, 1) AS part
        FROM (
            SELECT *, CASE WHEN text = '' OR (is_json AND json_valid(text)) THEN [text]
                ELSE [x FOR x IN string_split(replace(text, chr(13), ''), chr(10)) IF x <> '']
                END AS parts
            FROM (SELECT line, id, time, text, {_IS_JSON} AS is_json FROM texts))),
    entries AS (SELECT line, id, time, part, {found} FROM records),
    found AS (
        SELECT line, id, time, part, entry, {values}
        FROM (SELECT *, unnest(range(1, greatest(1, {longest}) + 1)) AS entry FROM entries)),
    counted AS (
        SELECT *, count(*) OVER (PARTITION BY line) AS entries,
            row_number() OVER (PARTITION BY line ORDER BY part, entry) - 1 AS position FROM found)
    SELECT line, CASE WHEN entries = 1 THEN id ELSE id || '_' || position END AS id, time, {names}
    FROM counted ORDER BY line, position"""


def _entries(attribute: str | None) -> str:
    """The list of values that an attribute finds in a record."""
    if attribute is None:
        return "NULL::VARCHAR[]"
    in_csv = "[]::VARCHAR[]"
    if attribute == "*":
        in_csv = f"[{_UNQUOTED.format(cell='x')} FOR x IN {_CELLS}]"
    elif attribute.isdecimal():
        cell = f"{_CELLS}[{int(attribute) + 1}]"
        in_csv = f"[{_UNQUOTED.format(cell=cell)}]"
    return (
        f"CASE WHEN NOT is_json THEN {in_csv} "
        f"WHEN json_valid(record) THEN {_in_json(attribute)} ELSE []::VARCHAR[] END"
    )


def _in_json(attribute: str) -> str:
    if attribute == "*":
        return (
            "CASE json_type(record) WHEN 'ARRAY' THEN json_extract_string(record, '$[*]') "
            "ELSE [json_extract_string(record, '$')] END"
        )
    if attribute.isdecimal():
        path = f"$[{attribute}]"
    elif attribute.startswith(("$", "/")):
        path = attribute
    else:
        path = f"$.{attribute}"
    found = f"json_extract_string(record, {literal(path)})"
    return found if "*" in path and path.startswith("$") else f"[{found}]"
