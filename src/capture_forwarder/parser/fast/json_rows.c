/* Rows of plain numbers, captured as CSV, written as JSON objects.
 *
 * A number of CSV that is one of JSON too (RFC 8259, section 6) is copied as it stands, and an empty
 * cell is null; in front of it goes what a JSON object has there, behind the last one what ends the
 * row. Anything else, such as quotes, spaces or a cell too many, and the whole is refused: the
 * caller then reads the rows in another way, which alone decides what they mean.
 *
 * Nothing is allocated and no state is kept. What is read lies between `at` and `end` of a text,
 * what is written within the room that the caller gives. json_writer.py is the only caller.
 */

#include <stdint.h>
#include <string.h>

/* What the numbers of a column must be. */
enum kind { ANY_NUMBER, FLOAT, INT };

/* A column: what stands in front of its value, such as `,"name":`, and its kind. */
struct column {
    const char *front;
    int64_t front_length;
    int64_t kind;
};

/* A text that is being read. */
struct text {
    const char *at;
    const char *end;
};

/* What is being written. */
struct room {
    char *at;
    char *end;
};

/* Longer numbers are refused; no shorter one is an infinity to a double. */
enum { LONGEST_NUMBER = 40, LONGEST_EXPONENT = 2 };

static int put(struct room *out, const char *from, int64_t length)
{
    if (out->end - out->at < length)
        return 0;
    memcpy(out->at, from, (size_t)length);
    out->at += length;
    return 1;
}

static const char *behind_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static int take(struct text *in, char wanted)
{
    if (in->at == in->end || *in->at != wanted)
        return 0;
    in->at++;
    return 1;
}

/* Copy one number. A whole one becomes a float, where the column's numbers are. */
static int copy_number(struct text *in, struct room *out, int64_t kind)
{
    const char *start = in->at, *end = in->end, *digits;
    int whole = 1;

    if (end - start > LONGEST_NUMBER)
        end = start + LONGEST_NUMBER;
    const char *at = start;
    if (at < end && *at == '-')
        at++;
    digits = at;
    at = behind_digits(at, end);
    if (at == digits || (*digits == '0' && at - digits > 1))
        return 0;
    if (at < end && *at == '.') {
        whole = 0;
        digits = at + 1;
        at = behind_digits(digits, end);
        if (at == digits)
            return 0;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        whole = 0;
        digits = at + 1;
        if (digits < end && (*digits == '+' || *digits == '-'))
            digits++;
        at = behind_digits(digits, end);
        if (at == digits || at - digits > LONGEST_EXPONENT)
            return 0;
    }
    if (kind == INT && !whole)
        return 0;
    /* The whole number -0 is 0. */
    if (kind != FLOAT && whole && at - start == 2 && start[0] == '-' && start[1] == '0')
        return 0;
    in->at = at;
    return put(out, start, at - start) && (kind != FLOAT || !whole || put(out, ".0", 2));
}

static int is_empty(const struct text *in)
{
    return in->at == in->end || *in->at == ',' || *in->at == '\n';
}

/* Read past a cell that stands for no number, as programs write it. */
static int take_none(struct text *in)
{
    if (in->end - in->at < 3 || (memcmp(in->at, "NaN", 3) && memcmp(in->at, "nan", 3)))
        return 0;
    struct text rest = {in->at + 3, in->end};
    if (!is_empty(&rest))
        return 0;
    in->at += 3;
    return 1;
}

/* Write what one side of a call has of a row, and read past the newline behind it.
 *
 * A line with nothing on it is refused: it need not be a row.
 */
static int copy_side(const struct column *columns, int64_t count, struct text *in, struct room *out)
{
    for (int64_t n = 0; n < count; n++) {
        if (n && !take(in, ','))
            return 0;
        if (!put(out, columns[n].front, columns[n].front_length))
            return 0;
        if (take_none(in) || (count > 1 && is_empty(in)) ? !put(out, "null", 4)
                                                         : !copy_number(in, out, columns[n].kind))
            return 0;
    }
    return in->at == in->end || take(in, '\n');
}

/* Write what ends a row: `{"time":"now"}\n` becomes `,"time":"now"}`, and `{}\n` becomes `}`. */
static int copy_metadata(struct text *in, struct room *out)
{
    if (!take(in, '{'))
        return 0;
    const char *end = memchr(in->at, '\n', (size_t)(in->end - in->at));
    if (!end)
        return 0;
    if (*in->at != '}' && !put(out, ",", 1))
        return 0;
    if (!put(out, in->at, end - in->at))
        return 0;
    in->at = end + 1;
    return 1;
}

/* Write rows as JSON objects, with a comma and a newline between.
 *
 * columns, inputs, outputs: the columns, as many of the request and then of the response.
 * sent, answered: the CSV of both sides, in ASCII or UTF-8, a line a row.
 * metadata: what else each row has, a JSON object on a line of its own.
 * rows: how many rows there are, at least one.
 * out: where they are written.
 *
 * Returns how many bytes were written, or 0 if there is anything but plain numbers in so many rows,
 * or too little room.
 */
int64_t write_json_rows(const struct column *columns, int64_t inputs, int64_t outputs,
                        const char *sent, int64_t sent_length,
                        const char *answered, int64_t answered_length,
                        const char *metadata, int64_t metadata_length,
                        int64_t rows, char *out, int64_t out_length)
{
    struct text request = {sent, sent + sent_length};
    struct text response = {answered, answered + answered_length};
    struct text rest = {metadata, metadata + metadata_length};
    struct room room = {out, out + out_length};

    for (int64_t row = 0; row < rows; row++) {
        if (row && !put(&room, ",\n", 2))
            return 0;
        if (!copy_side(columns, inputs, &request, &room)
            || !copy_side(columns + inputs, outputs, &response, &room)
            || !copy_metadata(&rest, &room))
            return 0;
    }
    if (request.at != request.end || response.at != response.end || rest.at != rest.end)
        return 0;
    return room.at - out;
}
