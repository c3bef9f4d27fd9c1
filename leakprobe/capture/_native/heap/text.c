/* The text of str objects (Include/cpython/unicodeobject.h). */
#include "text.h"

#include <string.h>

Py_ssize_t
text_length(PyObject *text)
{
    if (text == NULL || !PyUnicode_Check(text)) {
        return -1;
    }
#if PY_VERSION_HEX < 0x030C0000
    if (!PyUnicode_IS_READY(text)) {
        return -1;
    }
#endif
    return PyUnicode_GET_LENGTH(text);
}

static size_t
put_utf8(char *at, Py_UCS4 character)
{
    if (character < 0x80) {
        at[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        at[0] = (char)(0xC0 | character >> 6);
        at[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    if (character < 0x10000) {
        at[0] = (char)(0xE0 | character >> 12);
        at[1] = (char)(0x80 | (character >> 6 & 0x3F));
        at[2] = (char)(0x80 | (character & 0x3F));
        return 3;
    }
    at[0] = (char)(0xF0 | character >> 18);
    at[1] = (char)(0x80 | (character >> 12 & 0x3F));
    at[2] = (char)(0x80 | (character >> 6 & 0x3F));
    at[3] = (char)(0x80 | (character & 0x3F));
    return 4;
}

size_t
put_character(char *at, Py_UCS4 character)
{
    return put_utf8(at, Py_UNICODE_ISPRINTABLE(character) ? character : '?');
}

size_t
put_text(char *at, PyObject *text, Py_ssize_t start, Py_ssize_t count)
{
    Py_ssize_t length = text_length(text);
    size_t used = 0;
    for (Py_ssize_t i = start; i < length && i - start < count; i++) {
        used += put_character(at + used, PyUnicode_READ_CHAR(text, i));
    }
    return used;
}

/* Whether a str begins with `other`, and with `whole` ends there too. */
static int
matches(PyObject *text, const char *other, int whole)
{
    char character[LONGEST_CHARACTER];
    size_t bytes = strlen(other), matched = 0;
    Py_ssize_t length = text_length(text);
    for (Py_ssize_t i = 0; i < length; i++) {
        if (matched == bytes) {
            return !whole;
        }
        size_t size = put_utf8(character, PyUnicode_READ_CHAR(text, i));
        if (size > bytes - matched || memcmp(other + matched, character, size) != 0) {
            return 0;
        }
        matched += size;
    }
    return length >= 0 && matched == bytes;
}

int
text_equals(PyObject *text, const char *other)
{
    return matches(text, other, 1);
}

int
text_begins_with(PyObject *text, const char *beginning)
{
    return matches(text, beginning, 0);
}
