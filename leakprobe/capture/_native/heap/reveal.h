/* Values of the application, shown only where the request allows it. */
#ifndef LEAKPROBE_HEAP_REVEAL_H
#define LEAKPROBE_HEAP_REVEAL_H

#include "output.h"

/* A short repr of an exact str, bytes, int, float, bool or None, as `repr` writes it, on one line;
 * NO_STRING for anything else. */
uint32_t reveal(struct output *output, PyObject *object);

/* `str.isidentifier` of an exact str. */
int is_identifier(PyObject *text);

#endif
