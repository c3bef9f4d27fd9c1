/* `repr` of atoms, written anew: that of the interpreter allocates. */
#include "reveal.h"

#include "text.h"
#include "object_versions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 60            /* characters of a text that are shown, and of what is written */
#define LARGEST_INT_BITS 180  /* more are "a large int" */
#define INT_CHARACTERS 64     /* room for the decimal digits of so many bits, and a sign */

/* One line in the making. Runs of spaces become one space. */
struct line {
    char bytes[(LONGEST + 1) * LONGEST_CHARACTER];
    size_t used;
    size_t cut_at;  /* bytes of the first LONGEST - 1 characters */
    int characters;
};

static void
put(struct line *line, Py_UCS4 character)
{
    int space_again = character == ' ' && line->used > 0 && line->bytes[line->used - 1] == ' ';
    if (line->characters > LONGEST || space_again) {
        return;
    }
    if (line->characters == LONGEST - 1) {
        line->cut_at = line->used;
    }
    line->used += put_character(line->bytes + line->used, character);
    line->characters++;
}

static void
put_ascii(struct line *line, const char *text)
{
    for (; *text != 0; text++) {
        put(line, (unsigned char)*text);
    }
}

static uint32_t
add_line(struct output *output, struct line *line)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    if (line->characters > LONGEST) {
        memcpy(line->bytes + line->cut_at, ellipsis, sizeof ellipsis - 1);
        line->used = line->cut_at + sizeof ellipsis - 1;
    }
    return add_string(output, line->bytes, line->used);
}

/* --- texts --- */

static void
put_escape(struct line *line, Py_UCS4 character)
{
    char escape[16];
    const char *form = character < 0x100     ? "\\x%02x"
                       : character < 0x10000 ? "\\u%04x"
                                             : "\\U%08x";
    snprintf(escape, sizeof escape, form, (unsigned)character);
    put_ascii(line, escape);
}

static void
put_quoted(struct line *line, Py_UCS4 character, Py_UCS4 quote)
{
    switch (character) {
    case '\n':
        put_ascii(line, "\\n");
        break;
    case '\r':
        put_ascii(line, "\\r");
        break;
    case '\t':
        put_ascii(line, "\\t");
        break;
    default:
        if (character == quote || character == '\\') {
            put(line, '\\');
        }
        put(line, character);
    }
}

/* A text or bytes, as one sequence of characters. */
static Py_UCS4
read_character(PyObject *text, Py_ssize_t index)
{
    return PyUnicode_Check(text) ? PyUnicode_READ_CHAR(text, index)
                                 : (unsigned char)PyBytes_AS_STRING(text)[index];
}

/* Objects/unicodeobject.c (unicode_repr): double quotes only where they spare an escape. */
static Py_UCS4
choose_quote(PyObject *text, Py_ssize_t count)
{
    int single = 0, twofold = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        single |= read_character(text, i) == '\'';
        twofold |= read_character(text, i) == '"';
    }
    return single && !twofold ? '"' : '\'';
}

static void
put_repr_of_text(struct line *line, PyObject *text, Py_ssize_t length)
{
    Py_ssize_t count = length < LONGEST ? length : LONGEST;
    Py_UCS4 quote = choose_quote(text, count);
    int is_bytes = PyBytes_Check(text);
    if (is_bytes) {
        put(line, 'b');
    }
    put(line, quote);
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_UCS4 character = read_character(text, i);
        int printable = is_bytes ? character >= ' ' && character < 0x7f
                                 : Py_UNICODE_ISPRINTABLE(character);
        int has_short_form = character == '\n' || character == '\r' || character == '\t';
        if (printable || has_short_form) {
            put_quoted(line, character, quote);
        }
        else {
            put_escape(line, character);
        }
    }
    put(line, quote);
}

/* --- numbers --- */

/* Divides a number by ten; returns the remainder. */
static unsigned
divide_by_ten(uint32_t *digits, size_t count)
{
    uint64_t remainder = 0;
    for (size_t i = count; i-- > 0;) {
        uint64_t dividend = (remainder << PyLong_SHIFT) | digits[i];
        digits[i] = (uint32_t)(dividend / 10);
        remainder = dividend % 10;
    }
    return (unsigned)remainder;
}

static void
put_int(struct line *line, PyObject *number)
{
    const digit *source;
    bool negative;
    uint32_t digits[LARGEST_INT_BITS / PyLong_SHIFT + 1];
    size_t count = int_digits(number, &source, &negative);
    if (count * PyLong_SHIFT > LARGEST_INT_BITS) {
        put_ascii(line, "a large int");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        digits[i] = source[i];
    }
    char text[INT_CHARACTERS], *start = text + sizeof text - 1;
    *start = 0;
    do {
        *--start = (char)('0' + divide_by_ten(digits, count));
        while (count > 0 && digits[count - 1] == 0) {
            count--;
        }
    } while (count > 0);
    if (negative) {
        put(line, '-');
    }
    put_ascii(line, start);
}

/* The fewest digits that are read back as the same number; Python/pystrtod.c
 * (format_float_short) writes those. `form` gets what "%e" wrote. */
static int
shortest_digits(double value, char *form, size_t room)
{
    int precision = 0;
    do {
        snprintf(form, room, "%.*e", precision, value);
    } while (strtod(form, NULL) != value && ++precision < 17);
    return precision;
}

static void
put_float(struct line *line, double value)
{
    char form[64];
    if (isnan(value) || isinf(value)) {
        put_ascii(line, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return;
    }
    int precision = shortest_digits(value, form, sizeof form);
    int exponent = atoi(strchr(form, 'e') + 1);
    if (exponent >= -4 && exponent < 16) {
        int decimals = precision > exponent ? precision - exponent : 1;
        snprintf(form, sizeof form, "%.*f", decimals, value);
    }
    put_ascii(line, form);
}

/* --- all of them --- */

int
is_identifier(PyObject *text)
{
    return text_length(text) > 0 && PyUnicode_IsIdentifier(text);
}

uint32_t
reveal(struct output *output, PyObject *object)
{
    struct line line = {.used = 0};
    if (object == Py_None) {
        put_ascii(&line, "None");
    }
    else if (PyBool_Check(object)) {
        put_ascii(&line, object == Py_True ? "True" : "False");
    }
    else if (PyUnicode_CheckExact(object) && text_length(object) >= 0) {
        put_repr_of_text(&line, object, text_length(object));
    }
    else if (PyBytes_CheckExact(object)) {
        put_repr_of_text(&line, object, PyBytes_GET_SIZE(object));
    }
    else if (PyLong_CheckExact(object)) {
        put_int(&line, object);
    }
    else if (PyFloat_CheckExact(object)) {
        put_float(&line, PyFloat_AS_DOUBLE(object));
    }
    else {
        return NO_STRING;
    }
    return add_line(output, &line);
}
