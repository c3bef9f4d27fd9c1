/* The text of str objects, read where it lies: no function of the API is called that would
 * allocate, cache an encoding, or run code of the application. */
#ifndef LEAKPROBE_HEAP_TEXT_H
#define LEAKPROBE_HEAP_TEXT_H

#include <Python.h>
#include <stddef.h>

/* Bytes that one character takes in UTF-8, at most. */
#define LONGEST_CHARACTER 4

/* Characters of a str or of an instance of a subclass; -1 for anything else, and for the strings
 * of 3.11 that are not ready to be read (PyUnicode_FromUnicode, Objects/unicodeobject.c). */
Py_ssize_t text_length(PyObject *text);

/* UTF-8 of one character, as `str.isprintable` sees it: what is not printable, surrogates among
 * it, becomes '?'. Returns the bytes written, at most LONGEST_CHARACTER. */
size_t put_character(char *at, Py_UCS4 character);

/* UTF-8 of a str's characters from `start` on, at most `count` of them, into a buffer with room
 * for count * LONGEST_CHARACTER. Returns the bytes written. */
size_t put_text(char *at, PyObject *text, Py_ssize_t start, Py_ssize_t count);

/* Whether a str is this UTF-8 text, or begins with it. */
int text_equals(PyObject *text, const char *other);
int text_begins_with(PyObject *text, const char *beginning);

#endif
