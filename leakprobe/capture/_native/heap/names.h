/* What classes are called in the result. */
#ifndef LEAKPROBE_HEAP_NAMES_H
#define LEAKPROBE_HEAP_NAMES_H

#include "output.h"

#define LONGEST_NAME 200

/* `module.qualname`, as names.py in leakprobe/capture writes it: the module is left out where it
 * is "builtins" or no string; what cannot be printed is '?'; at most LONGEST_NAME characters. */
uint32_t add_type_name(struct output *output, PyTypeObject *type);

/* The same of any two strings; either may be NULL or no string. */
uint32_t add_qualified_name(struct output *output, PyObject *module, PyObject *qualname);

/* The value of a string key in a dict, borrowed, found by comparing text only; NULL: none. */
PyObject *entry_by_text(PyObject *dict, const char *key);

#endif
