/* What was made of the routes that requests have taken before. */

#ifndef LEAKPROBE_REQUESTS_MEMO_H
#define LEAKPROBE_REQUESTS_MEMO_H

#include <Python.h>

typedef struct memo Memo;

/* The type of memos, to be readied once. */
extern PyTypeObject memo_type;

/* What is remembered of the route that a request took, a new reference; NULL: nothing, or an
 * exception is set. `scope` is a dictionary. */
PyObject *memo_find(const Memo *memo, PyObject *scope);

#endif
