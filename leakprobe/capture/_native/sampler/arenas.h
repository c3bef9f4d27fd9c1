/* What pymalloc holds, as CPython itself tells it. */

#ifndef LEAKPROBE_SAMPLER_ARENAS_H
#define LEAKPROBE_SAMPLER_ARENAS_H

#include <Python.h>

/* Remembers which allocator pymalloc is, where nothing hooks it yet. */
void arenas_learn(void);

/* CPython's report, a str; None where pymalloc is not in use, or not known, or shared with
 * sub-interpreters. NULL: an exception is set. */
PyObject *arenas_report(void);

#endif
